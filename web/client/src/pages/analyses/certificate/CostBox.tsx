import { Card, List, Progress, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { analysisQueries } from "../../../api/analysisQueries";
import type { Job } from "../../../api/client";
import { Found } from "../../../components/Feedback";
import { usd } from "../../../format";
import { Remaining } from "../start/EstimateBox";
import { type Cost, partsOf } from "./document";

/** What a job has cost so far, by part, and what may still be spent. */
export function CostBox({ job }: { job: Job }) {
  const cost = useQuery(analysisQueries.cost(job.job_id, job.state));
  return (
    <Card withBorder padding="md" component="section" aria-label="Cost">
      <Title order={2} size="h4" mb="xs">
        Cost
      </Title>
      <Stack gap="xs">
        <Found query={cost}>{(found) => <Amounts cost={found as unknown as Cost} />}</Found>
        <Remaining analysis={job.analysis} />
      </Stack>
    </Card>
  );
}

function Amounts({ cost }: { cost: Cost }) {
  const local = cost.on_aws !== undefined;
  const total = cost.on_aws?.amount ?? cost.amount;
  const parts = partsOf(cost);
  const most = parts[0]?.[1] ?? 0;
  return (
    <>
      <Text aria-live="polite">
        <b>{cost.amount === null ? "not known" : usd(cost.amount)}</b>
        {cost.final === false && " so far"}
        {local && total !== null && (
          <>
            {" "}
            on this machine; on AWS it would have been <b>{usd(total)}</b>
          </>
        )}
      </Text>
      {parts.length > 0 && (
        <Table verticalSpacing={3} horizontalSpacing={0} fz="sm" withRowBorders={false} aria-label="Cost by part">
          <Table.Tbody>
            {parts.map(([part, amount]) => (
              <Table.Tr key={part}>
                <Table.Td w={110}>{part}</Table.Td>
                <Table.Td>
                  <Progress value={most === 0 ? 0 : (amount / most) * 100} size="sm" aria-hidden />
                </Table.Td>
                <Table.Td ta="right" w={100}>
                  {usd(amount)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {cost.prices !== undefined && (
        <Text size="xs" c="dimmed">
          Prices of {cost.prices.date}, {cost.prices.region}: {cost.prices.source}.
        </Text>
      )}
      {cost.not_counted !== undefined && cost.not_counted.length > 0 && (
        <div>
          <Text size="xs" c="dimmed">
            Not counted:
          </Text>
          <List size="xs" c="dimmed">
            {cost.not_counted.map((one) => (
              <List.Item key={one}>{one}</List.Item>
            ))}
          </List>
        </div>
      )}
    </>
  );
}
