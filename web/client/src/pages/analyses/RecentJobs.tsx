import { Anchor, Group, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { queries } from "../../api/queries";
import { Found, StateBadge } from "../../components/Feedback";
import { ago, duration, percent } from "../../format";

const SHOWN = 8;

/** The newest jobs of an analysis. */
export function RecentJobs({ analysis }: { analysis: string }) {
  const jobs = useQuery(queries.jobs({ analysis, limit: SHOWN }));
  return (
    <section aria-label="Earlier jobs">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          Earlier jobs
        </Title>
        <Anchor component={Link} size="sm" to={`/jobs?analysis=${encodeURIComponent(analysis)}`}>
          All of them
        </Anchor>
      </Group>
      <Found query={jobs}>
        {({ jobs: found }) =>
          found.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nobody has run it yet.
            </Text>
          ) : (
            <Table.ScrollContainer minWidth={320}>
              <Table verticalSpacing={6} highlightOnHover>
                <Table.Tbody>
                  {found.map((job) => (
                    <Table.Tr key={job.job_id}>
                      <Table.Td>
                        <Anchor component={Link} to={`/jobs/${encodeURIComponent(job.job_id)}`} size="sm">
                          {job.name ?? job.job_id}
                        </Anchor>
                      </Table.Td>
                      <Table.Td>
                        <StateBadge state={job.state} interrupted={job.interrupted} />
                      </Table.Td>
                      <Table.Td visibleFrom="xs">
                        <Text size="sm">
                          {job.finished_at === null || job.finished_at === undefined
                            ? percent(job.progress.fraction)
                            : duration(job.finished_at - job.created_at)}
                        </Text>
                      </Table.Td>
                      <Table.Td ta="right">
                        <Text size="sm" c="dimmed">
                          {ago(job.created_at)}
                        </Text>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Found>
    </section>
  );
}
