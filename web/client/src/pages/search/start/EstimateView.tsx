import { Group, Loader, Stack, Text } from "@mantine/core";
import type { About, Estimate } from "../../../api/client";
import { counted, duration, usd } from "../../../format";
import classes from "./EstimateView.module.css";

interface EstimateViewProps {
  /** Null while nothing can be said. */
  estimate: Estimate | null;
  working: boolean;
  /** Why it cannot be told yet. */
  missing: string;
}

/** How long a search will take, and what it will cost. */
export function EstimateView({ estimate, working, missing }: EstimateViewProps) {
  return (
    <Stack gap={4} aria-live="polite" aria-busy={working}>
      <div className={classes.figures}>
        <Figure name="Time" value={estimate === null ? null : time(estimate)} />
        <Figure name="Cost" value={estimate === null ? null : cost(estimate)} />
        <Figure name="Images" value={estimate?.items == null ? null : counted(estimate.items, "image").split(" ")[0]} />
      </div>
      <Group gap={6} wrap="nowrap" align="flex-start">
        {working && <Loader size={12} mt={3} aria-hidden />}
        <Text size="xs" className={classes.basis ?? ""}>
          {estimate === null ? missing : estimate.basis}
        </Text>
      </Group>
    </Stack>
  );
}

function Figure({ name, value }: { name: string; value: string | null | undefined }) {
  return (
    <div>
      <Text size="xs" className={classes.basis ?? ""}>
        {name}
      </Text>
      <Text fw={600}>{value ?? "–"}</Text>
    </div>
  );
}

function time({ seconds }: Estimate): string {
  return seconds === null ? "not known yet" : `about ${duration(seconds)}`;
}

function cost({ usd: amount }: Estimate): string {
  return amount === null ? "not known yet" : amount === 0 ? "nothing" : `about ${usd(amount)}`;
}

/** What is left of the limits of a user; nothing where there are none. */
export function LimitsLeft({ limits }: { limits: About["limits"] }) {
  const { jobs_per_day, jobs_today, concurrent, running } = limits;
  const told = [
    jobs_per_day == null
      ? null
      : `${Math.max(0, jobs_per_day - jobs_today)} of ${counted(jobs_per_day, "job")} left today`,
    concurrent == null ? null : `${running} of ${concurrent} running`,
  ].filter((one) => one !== null);
  if (told.length === 0) return null;
  return <Text size="xs">Your limits: {told.join(", ")}.</Text>;
}
