import { Loader, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { analysisQueries } from "../../api/analysisQueries";
import { ended, type Job } from "../../api/client";
import { Nothing, ProblemAlert } from "../../components/Feedback";
import { count } from "../../format";

/** Seconds of a stage, over all parts that did the same. */
interface Stage {
  stage: string;
  number: number;
  mean: number;
  median: number;
  std: number;
  min: number;
  max: number;
}

const TimelineChart = lazy(() => import("./TimelineChart"));

/** What a job spent its time on: managers, workers and the combiner as a picture, and in numbers. */
export function TimelinePanel({ job }: { job: Job }) {
  const { data, error, refetch } = useQuery(analysisQueries.timeline(job.job_id, job.state));
  if (data === undefined) {
    if (error === null) return <Loader aria-label="Loading" />;
    if (job.started_at === null) {
      return (
        <Nothing title="The job has not started yet">
          <Text size="sm">Its timeline begins with its first part.</Text>
        </Nothing>
      );
    }
    return <ProblemAlert title="The timeline cannot be read" error={error} retry={() => void refetch()} />;
  }
  return (
    <Stack gap="md">
      <section aria-label="Picture">
        <Suspense fallback={<Loader aria-label="Loading the picture" />}>
          <TimelineChart specification={data.specification} jobId={job.job_id} />
        </Suspense>
      </section>
      <section aria-label="Numbers">
        <Title order={2} size="h4" mb="xs">
          In numbers{!ended(job.state) && ", so far"}
        </Title>
        <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table verticalSpacing={4} fz="sm" captionSide="top" style={{ fontVariantNumeric: "tabular-nums" }}>
            <Table.Caption>Seconds of each stage, over all parts that did the same.</Table.Caption>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Stage</Table.Th>
                {["Number", "Mean", "Median", "Deviation", "Least", "Most"].map((name) => (
                  <Table.Th key={name} ta="right">
                    {name}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {(data.numbers as unknown as Stage[]).map((one) => (
                <Table.Tr key={one.stage}>
                  <Table.Th scope="row" fw={400}>
                    {one.stage}
                  </Table.Th>
                  <Table.Td ta="right">{count(one.number)}</Table.Td>
                  {[one.mean, one.median, one.std, one.min, one.max].map((seconds, column) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns stay where they are
                    <Table.Td key={column} ta="right">
                      {seconds.toFixed(3)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </section>
    </Stack>
  );
}
