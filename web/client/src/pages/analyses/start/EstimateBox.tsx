import { Group, Stack, Table, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { analysisQueries, type Specification } from "../../../api/analysisQueries";
import { queries } from "../../../api/queries";
import { counted, duration, usd } from "../../../format";

interface EstimateBoxProps {
  /** The job as it would be started; null while something is missing. */
  specification: Specification | null;
  /** Whether it is being found out if the server would take it. */
  checking: boolean;
  /** What is missing. */
  missing: string;
  /** Its name, for budgets about it. */
  analysis: string;
}

/** How long the job will take, what it will cost, and what the user may still spend and start. */
export function EstimateBox({ specification, checking, missing, analysis }: EstimateBoxProps) {
  const [checked, setChecked] = useState(specification);
  // What the server would refuse is not asked about.
  if (!checking && checked !== specification) setChecked(specification);
  const [settled] = useDebouncedValue(checked, 500);
  // What was removed meanwhile is not asked about.
  const { data, error, isFetching } = useQuery(analysisQueries.estimate(specification === null ? null : settled));
  const shown = specification === null ? undefined : data;
  const lines = shown?.lines ?? [];
  return (
    <Stack gap="xs" aria-live="polite" aria-busy={isFetching}>
      {specification === null ? (
        <Text size="sm" c="dimmed">
          {missing}
        </Text>
      ) : error !== null ? (
        <Text size="sm" c="dimmed">
          There is no estimate: {error.message}
        </Text>
      ) : shown === undefined ? (
        <Text size="sm" c="dimmed">
          Estimating…
        </Text>
      ) : (
        <>
          <Group gap="xl" align="flex-start">
            <Figure name="Time" value={shown.seconds === null ? "not known" : duration(shown.seconds)} />
            <Figure name="Cost" value={shown.usd === null ? "not known" : usd(shown.usd)} />
            <Figure name="Work" value={workOf(shown.items, shown.batches)} />
          </Group>
          {shown.on_aws_usd !== null && shown.on_aws_usd !== shown.usd && (
            <Text size="sm">On AWS it would cost {usd(shown.on_aws_usd)}.</Text>
          )}
          {shown.most_usd !== null && shown.most_usd > 0 && (
            <Text size="sm">At most {usd(shown.most_usd)}, which is reserved of the budget until it has ended.</Text>
          )}
          <Text size="xs" c="dimmed">
            {shown.basis}
          </Text>
          {lines.length > 0 && (
            <Table verticalSpacing={2} horizontalSpacing={0} fz="xs" withRowBorders={false} aria-label="Cost by part">
              <Table.Tbody>
                {lines.map((line) => (
                  <Table.Tr key={line.what}>
                    <Table.Td>{line.what}</Table.Td>
                    <Table.Td ta="right">{usd(line.usd)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )}
        </>
      )}
      <Remaining analysis={analysis} />
    </Stack>
  );
}

function workOf(items: number | null, batches: number | null): string {
  if (items === null) return "known when listed";
  return batches === null || batches === items
    ? counted(items, "item")
    : `${counted(items, "item")} in ${counted(batches, "batch", "batches")}`;
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fw={600}>{value}</Text>
    </div>
  );
}

/** What is left of the budget, and of the limits of jobs. Nothing where nothing is limited. */
export function Remaining({ analysis }: { analysis: string }) {
  const { data: budget } = useQuery(analysisQueries.budget(analysis));
  const { data: about } = useQuery(queries.about);
  const limits = about?.limits;
  return (
    <>
      {budget?.limit_usd != null && budget.left_usd != null && (
        <Text size="sm">
          {usd(Math.max(0, budget.left_usd))} of {usd(budget.limit_usd)} left
          {budget.name !== null && ` of the budget ${budget.name}`}
          {budget.reserved_usd > 0 && `; ${usd(budget.reserved_usd)} reserved by jobs that run`}
        </Text>
      )}
      {limits?.jobs_per_day != null && (
        <Text size="sm">
          {Math.max(0, limits.jobs_per_day - limits.jobs_today)} of {counted(limits.jobs_per_day, "job")} left today
        </Text>
      )}
      {limits?.concurrent != null && (
        <Text size="sm">
          {limits.running} of {counted(limits.concurrent, "job")} at once now running
        </Text>
      )}
    </>
  );
}
