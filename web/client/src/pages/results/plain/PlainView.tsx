import { Button, Group, Pagination, ScrollArea, Table, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { apiPath, ended, type Job, type Results } from "../../../api/client";
import { queries } from "../../../api/queries";
import { Found, Nothing, ProblemAlert } from "../../../components/Feedback";
import { fetchBlob } from "../../../components/Picture";
import { bytes, count, counted } from "../../../format";
import { safeName } from "../export/names";
import { save } from "../export/save";
import { pages } from "../state";
import { columnsOf, textOf } from "./cells";
import { JsonTree } from "./JsonTree";

const SIZE = 50;
/** Of a result that is shown as a tree; larger ones can only be downloaded. */
const MOST_BYTES = 5_000_000;

/** The result of any analysis: its list as a table, or else all of it as a tree. */
export function PlainView({ job, list }: { job: Job; list: Results | null }) {
  if (list === null && !ended(job.state)) {
    return <Nothing title="The result is shown when the job has ended" />;
  }
  return (
    <>
      {job.has_result && <Download job={job} />}
      {list === null ? <Tree job={job} /> : <Entries job={job} at={list.at} />}
    </>
  );
}

function Download({ job }: { job: Job }) {
  const [problem, setProblem] = useState<unknown>(null);
  const download = () => {
    setProblem(null);
    fetchBlob(apiPath("jobs", job.job_id, "files", "result.json")).then(
      (file) => save(`${safeName(job.name ?? job.job_id)}.json`, file),
      setProblem,
    );
  };
  return (
    <>
      <Group justify="flex-end" mb="xs">
        <Button size="xs" variant="default" leftSection={<IconDownload size={14} aria-hidden />} onClick={download}>
          Download as JSON
        </Button>
      </Group>
      {problem !== null && <ProblemAlert title="The result could not be downloaded" error={problem} />}
    </>
  );
}

function Entries({ job, at }: { job: Job; at: string }) {
  const [params, setParams] = useSearchParams();
  const page = Math.max(1, Math.trunc(Number(params.get("page"))) || 1);
  const found = useQuery(queries.results(job.job_id, { at: [at], offset: (page - 1) * SIZE, limit: SIZE }));
  const go = (next: number) =>
    setParams((now) => {
      const written = new URLSearchParams(now);
      written.set("page", String(next));
      return written;
    });
  return (
    <Found query={found}>
      {({ entries, total, offset }) => {
        const columns = columnsOf(entries);
        const last = pages(total, SIZE);
        return (
          <>
            <Text size="sm" mb="xs" component="h2" fw={600}>
              {counted(total, "entry", "entries")}
            </Text>
            <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": "Entries" }}>
              <Table striped withTableBorder fz="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Number</Table.Th>
                    {columns.map((column) => (
                      <Table.Th key={column}>{column}</Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {entries.map((entry, row) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: an entry is its place in the list
                    <Table.Tr key={offset + row}>
                      <Table.Td c="dimmed">{count(offset + row + 1)}</Table.Td>
                      {columns.map((column) => (
                        <Table.Td key={column} style={{ maxWidth: 320, overflowWrap: "anywhere" }}>
                          {textOf(entry, column)}
                        </Table.Td>
                      ))}
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </ScrollArea>
            {last > 1 && <Pagination mt="sm" size="sm" total={last} value={Math.min(page, last)} onChange={go} />}
          </>
        );
      }}
    </Found>
  );
}

function Tree({ job }: { job: Job }) {
  const found = useQuery({
    queryKey: ["jobs", "result", job.job_id],
    queryFn: async ({ signal }) => {
      const file = await fetchBlob(apiPath("jobs", job.job_id, "files", "result.json"), signal);
      const shown = file.size <= MOST_BYTES;
      return { size: file.size, shown, value: shown ? (JSON.parse(await file.text()) as unknown) : null };
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  return (
    <Found query={found}>
      {({ size, shown, value }) =>
        shown ? <JsonTree value={value} /> : <Nothing title={`The result is too large to show here: ${bytes(size)}`} />
      }
    </Found>
  );
}
