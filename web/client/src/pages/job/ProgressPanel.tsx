import { Anchor, Code, List, Paper, ScrollArea, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { type Batch, ended, type Job } from "../../api/client";
import { queries } from "../../api/queries";
import { count, counted, duration } from "../../format";
import { itemName } from "./items";

const SHOWN = 200;

/** What runs, what failed and why, and what comes after. */
export function ProgressPanel({ job }: { job: Job }) {
  return (
    <Stack gap="lg">
      <Batches job={job} />
      <Missing job={job} />
      <ItemErrors job={job} />
      <Following job={job} />
    </Stack>
  );
}

function Batches({ job }: { job: Job }) {
  const running = !ended(job.state);
  const query = { state: ["FAILED", "LOST", "RUNNING"], limit: SHOWN };
  const { data = [] } = useQuery({ ...queries.batches(job.job_id, query), refetchInterval: running ? 2_000 : false });
  const failed = data.filter((batch) => batch.state !== "RUNNING" || batch.failures.length > 0);
  const now = data.filter((batch) => batch.state === "RUNNING");
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        Batches
      </Title>
      {running && (
        <Text size="sm">
          {now.length === 0
            ? "None runs at this moment."
            : `${counted(now.length, "batch", "batches")} of images run now.`}
        </Text>
      )}
      {failed.length === 0 ? (
        <Text size="sm" c="dimmed">
          {job.plan === null ? "The items are being listed." : "No batch has failed."}
        </Text>
      ) : (
        <ScrollArea>
          <Table verticalSpacing="xs" miw={520}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Batch</Table.Th>
                <Table.Th>Items</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Attempts</Table.Th>
                <Table.Th>Why</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {failed.map((batch) => (
                <Row key={batch.number} batch={batch} />
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {data.length === SHOWN && <Text size="sm">Only the first {count(SHOWN)} are shown.</Text>}
    </section>
  );
}

function Row({ batch }: { batch: Batch }) {
  const trace = batch.failures.at(-1)?.traceback ?? "";
  return (
    <Table.Tr>
      <Table.Td>{count(batch.number)}</Table.Td>
      <Table.Td>
        {count(batch.start)}–{count(batch.end - 1)}
      </Table.Td>
      <Table.Td>{batch.state === "RUNNING" ? "tried again" : batch.state.toLowerCase()}</Table.Td>
      <Table.Td>
        {batch.attempts}
        {batch.seconds !== null && `, the last ${duration(batch.seconds)}`}
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        {batch.reason}
        {trace !== "" && (
          <details>
            <summary>Traceback</summary>
            <Code block>{trace}</Code>
          </details>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Missing({ job }: { job: Job }) {
  if (job.missing.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        Missing from the result
      </Title>
      <List size="sm">
        {job.missing.map((gap) => (
          <List.Item key={String(gap.first)}>
            items {count(Number(gap.start))} to {count(Number(gap.end) - 1)}: {String(gap.reason)}
          </List.Item>
        ))}
      </List>
    </section>
  );
}

function ItemErrors({ job }: { job: Job }) {
  if (job.item_errors.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        Items that could not be used
      </Title>
      <List size="sm">
        {job.item_errors.slice(0, SHOWN).map((one) => (
          <List.Item key={JSON.stringify(one)} style={{ overflowWrap: "anywhere" }}>
            {itemName(one.item)}: {String(one.error)}
          </List.Item>
        ))}
      </List>
      {job.item_errors.length > SHOWN && <Text size="sm">and {count(job.item_errors.length - SHOWN)} more</Text>}
    </section>
  );
}

function Following({ job }: { job: Job }) {
  if (job.next.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        What follows
      </Title>
      <Stack gap="xs">
        {job.next.map((one) => (
          <Paper key={JSON.stringify(one)} withBorder p="xs">
            <Text size="sm">
              {String(one.analysis)}
              {typeof one.job_id === "string" && (
                <>
                  {": "}
                  <Anchor component={Link} to={`/jobs/${one.job_id}`}>
                    {one.job_id}
                  </Anchor>
                </>
              )}
              {typeof one.reason === "string" && ` (${one.reason})`}
            </Text>
          </Paper>
        ))}
      </Stack>
    </section>
  );
}
