import { Alert, Anchor, Group, Paper, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { type Analysis, ended, type Job } from "../../api/client";
import { queries } from "../../api/queries";
import { StateBadge } from "../../components/Feedback";
import { ago, count, counted, duration, moment, percent, usd } from "../../format";
import { doneText } from "./done";
import { JobActions } from "./JobActions";

interface JobHeaderProps {
  job: Job;
  /** False while changes are only asked for now and then. */
  live: boolean;
}

/** How a job stands: what everybody wants to know first, and what can be done about it. */
export function JobHeader({ job, live }: JobHeaderProps) {
  const running = !ended(job.state);
  return (
    <Paper withBorder p="md" component="section" aria-label="State of the job">
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start">
          <Group gap="sm">
            <StateBadge state={job.state} interrupted={job.interrupted} />
            <Text size="sm" c="dimmed">
              {job.analysis} · started <span title={moment(job.created_at)}>{ago(job.created_at)}</span>
              {job.user !== null && ` by ${job.user}`}
            </Text>
          </Group>
          <JobActions job={job} />
        </Group>
        {running && <Bar job={job} />}
        <Facts job={job} />
        <Text size="sm" aria-live="polite" style={{ overflowWrap: "anywhere" }}>
          {job.reason}
        </Text>
        {running && !live && !job.interrupted && (
          <Text size="xs" c="dimmed">
            Changes are looked for every few seconds: the connection on which they are told of is being made again.
          </Text>
        )}
        <Troubles job={job} />
      </Stack>
    </Paper>
  );
}

function Bar({ job }: { job: Job }) {
  const { fraction } = job.progress;
  const waiting = job.plan === null || job.state === "COMBINING";
  return (
    <Progress.Root size="lg" aria-label="Progress of the job">
      <Progress.Section
        value={waiting ? 100 : fraction * 100}
        animated
        striped={waiting}
        aria-label="Progress"
        aria-valuetext={job.state === "COMBINING" ? "combining what was found" : percent(fraction)}
      />
    </Progress.Root>
  );
}

function Facts({ job }: { job: Job }) {
  const { progress } = job;
  const running = !ended(job.state);
  const kind = useQuery(queries.analyses).data?.find((one) => one.name === job.analysis)?.kind;
  const cost = useQuery({ ...queries.cost(job.job_id), refetchInterval: running ? 5_000 : false }).data;
  const facts: [string, string][] = [
    ["Done", doneText(job, running)],
    [workedOn(job, kind), job.plan === null ? "–" : `${count(progress.items_done)} of ${count(progress.items)}`],
    ["Batches", job.plan === null ? "–" : `${count(progress.done)} of ${count(progress.batches)}`],
    ["Rate", progress.items_per_s > 0 ? `${count(Math.round(progress.items_per_s * 10) / 10)} per second` : "–"],
    running
      ? ["Time left", progress.seconds_left === null ? "–" : `about ${duration(progress.seconds_left)}`]
      : ["Took", duration(Math.max(0, (job.finished_at ?? job.created_at) - (job.started_at ?? job.created_at)))],
    [running ? "Cost so far" : "Cost", cost === undefined ? "–" : costText(cost)],
  ];
  return (
    <SimpleGrid component="dl" cols={{ base: 2, xs: 3, md: 6 }} spacing="sm" verticalSpacing="xs" m={0}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <Text component="dd" m={0} fw={600} style={{ fontVariantNumeric: "tabular-nums" }}>
            {value}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}

/** What there are so many of. */
function workedOn(job: Job, kind: Analysis["kind"] | undefined): string {
  if (kind === "datasets") return "Datasets";
  return kind === "search" && job.parameters.mask !== undefined ? "Images" : "Items";
}

/** What it cost, or on one's own machine, where nothing is paid for, what it would have cost. */
function costText(cost: { amount: number; on_aws: number | null }): string {
  return cost.on_aws === null ? usd(cost.amount) : `$0 (on AWS ${usd(cost.on_aws)})`;
}

function Troubles({ job }: { job: Job }) {
  const { failed, item_errors } = job.progress;
  if (failed === 0 && item_errors === 0) return null;
  const parts = [
    ...(failed > 0 ? [`${counted(failed, "batch", "batches")} failed`] : []),
    ...(item_errors > 0 ? [`${counted(item_errors, "item")} could not be used`] : []),
  ];
  return (
    <Alert color="yellow" p="xs" icon={<IconAlertTriangle size={18} aria-hidden />}>
      <Text size="sm">
        {parts.join(", ")}:{" "}
        <Anchor component={Link} to="?tab=progress" inherit c="inherit" underline="always">
          see why
        </Anchor>
      </Text>
    </Alert>
  );
}
