import { Button, Code, Group, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { IconDownload, IconRepeat } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { analysisQueries } from "../../api/analysisQueries";
import { answer, api, ended, type Job } from "../../api/client";
import { Found, Nothing, ProblemAlert } from "../../components/Feedback";
import { bytes, count, duration, moment } from "../../format";
import { CostBox } from "./certificate/CostBox";
import { type Certificate, certificateOf, machineOf } from "./certificate/document";
import { Digest, Facts, Part } from "./certificate/Facts";
import { DATASET_STATES } from "./datasets/states";
import { saveText } from "./files/download";

/** What a job ran, on what, with what, and what it cost: everything that is needed to do it again. */
export function CertificatePanel({ job }: { job: Job }) {
  const certificate = useQuery(analysisQueries.certificate(job.job_id, job.state));
  return (
    <Stack gap="md">
      <Found query={certificate}>
        {({ document }) =>
          document === null ? (
            <>
              <Nothing title="There is no certificate yet">
                <Text size="sm">
                  {ended(job.state)
                    ? "It is written in a moment."
                    : "It is written when the job ends, however it does."}
                </Text>
              </Nothing>
              <CostBox job={job} />
            </>
          ) : (
            <Written job={job} document={document} />
          )
        }
      </Found>
    </Stack>
  );
}

function Written({ job, document }: { job: Job; document: Record<string, unknown> }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  // Pressed twice, or again after an answer that was lost, it starts one job.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const params = { path: { job_id: job.job_id }, header: { "Idempotency-Key": key } };
  const again = useMutation({
    mutationFn: () => answer(api.POST("/api/jobs/{job_id}/rerun", { params })),
    onSuccess: (started) => {
      setKey(crypto.randomUUID());
      void client.invalidateQueries({ queryKey: ["jobs", "list"] });
      void navigate(`/jobs/${encodeURIComponent(started.job_id)}`);
    },
  });
  const found = certificateOf(document);
  return (
    <>
      <Group gap="xs">
        <Button
          leftSection={<IconRepeat size={16} aria-hidden />}
          loading={again.isPending}
          onClick={() => again.mutate()}
        >
          Run again
        </Button>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() =>
            saveText(`${job.job_id}-certificate.json`, `${JSON.stringify(document, null, 2)}\n`, "application/json")
          }
        >
          Download the certificate
        </Button>
        <Text size="sm" c="dimmed">
          The same analysis on the same inputs, as another job. <Code>skyburst verify</Code> checks a certificate.
        </Text>
      </Group>
      {again.error !== null && <ProblemAlert title="It was not started again" error={again.error} />}
      {found === null ? (
        <>
          <Text size="sm">This certificate is of an earlier format, and is shown as it is.</Text>
          <Code block>{JSON.stringify(document, null, 2)}</Code>
        </>
      ) : (
        <>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
            <Ran of={found} />
            <Times of={found} />
            <Around of={found} />
            <CostBox job={job} />
          </SimpleGrid>
          <Parameters of={found} />
          {found.inputs.length > 0 && <Inputs of={found} />}
          {found.datasets.length > 0 && <Datasets of={found} />}
          <Outputs of={found} />
        </>
      )}
    </>
  );
}

function Ran({ of }: { of: Certificate }) {
  const { analysis, items, counts, job } = of;
  return (
    <Part title="What ran">
      <Facts
        of={[
          ["Analysis", `${analysis.name} ${analysis.version}`],
          ["Code", <Digest key="code" of={analysis.digest} />],
          [
            "Changed later to",
            analysis.later_digests === undefined || analysis.later_digests.length === 0
              ? null
              : analysis.later_digests.map((one) => <Digest key={one} of={one} />),
          ],
          ["Blueprint", <Digest key="blueprint" of={analysis.blueprint_digest} />],
          ["Configuration", <Digest key="config" of={of.config_digest} />],
          ["Items", items.count === null ? "not known" : count(items.count)],
          ["List of items", <Digest key="items" of={items.digest} />],
          [
            "Batches",
            `${count(counts.done)} of ${count(counts.batches)} done, ${count(counts.failed)} failed, ${count(counts.retries)} tried again`,
          ],
          ["State", job.reason === "" ? job.state : `${job.state}: ${job.reason}`],
          ["Runs", count(job.runs)],
        ]}
      />
    </Part>
  );
}

function Times({ of }: { of: Certificate }) {
  const { times } = of;
  return (
    <Part title="When">
      <Facts
        of={[
          ["Created", whenOf(times.created)],
          ["Started", whenOf(times.started)],
          ["Finished", whenOf(times.finished)],
          ...times.phases.map(({ phase, seconds }): [string, string] => [phase, duration(seconds)]),
          ["Over all workers", duration(times.worker_seconds)],
        ]}
      />
    </Part>
  );
}

function Around({ of }: { of: Certificate }) {
  const { environment, machines } = of;
  const packages = Object.entries(environment.packages)
    .filter(([, version]) => version !== null)
    .map(([name, version]) => `${name} ${version}`);
  return (
    <Part title="With what">
      <Facts
        of={[
          ["Home", environment.home],
          ["Skyburst", environment.skyburst],
          ["Python", `${environment.implementation} ${environment.python}`],
          ["System", environment.system],
          ["Packages", packages.length === 0 ? null : packages.join(", ")],
          ["Image", machines.image],
          ["Pricing", machines.pricing],
          ["Machines", machines.instances.length === 0 ? null : machines.instances.map(machineOf).join("; ")],
        ]}
      />
    </Part>
  );
}

function Parameters({ of }: { of: Certificate }) {
  const parameters = Object.entries(of.parameters);
  if (parameters.length === 0) return null;
  return (
    <Part title="Configuration">
      <Facts
        width={180}
        of={parameters.map(([name, value]) => [name, <Code key={name}>{JSON.stringify(value)}</Code>])}
      />
    </Part>
  );
}

function Inputs({ of }: { of: Certificate }) {
  return (
    <Part title="Inputs">
      <Files
        head={["Parameter", "File"]}
        rows={of.inputs.map((one) => ({ ...one, first: one.parameter, second: one.location, none: one.reason }))}
      />
    </Part>
  );
}

function Datasets({ of }: { of: Certificate }) {
  return (
    <Part title="Datasets">
      <Stack gap="sm">
        {of.datasets.map((one) => (
          <div key={one.number}>
            <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
              {one.dataset ?? one.number}
              {one.state !== undefined && `: ${DATASET_STATES[one.state]?.word ?? one.state}`}
            </Text>
            <Files
              head={["What", "File"]}
              rows={[
                ...(one.inputs ?? []).map((file) => ({ ...file, first: "data", second: file.location, none: null })),
                ...(one.files ?? []).map((file) => ({ ...file, first: "result", second: file.name, none: null })),
              ]}
            />
          </div>
        ))}
      </Stack>
    </Part>
  );
}

function Outputs({ of }: { of: Certificate }) {
  const { sha256, size, files } = of.result;
  const result = size === null ? [] : [{ name: "result.json", size, sha256 }];
  const all = [...result, ...(files ?? [])];
  if (all.length === 0) return null;
  return (
    <Part title="Results">
      <Files
        head={["What", "File"]}
        rows={all.map((file) => ({ ...file, first: "result", second: file.name, none: null }))}
      />
    </Part>
  );
}

interface FileRow {
  first: string;
  second: string;
  size?: number | null;
  sha256?: string | null;
  /** Why there is no checksum. */
  none: string | null;
}

function Files({ head, rows }: { head: [string, string]; rows: FileRow[] }) {
  if (rows.length === 0) return null;
  return (
    <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing={4} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={110}>{head[0]}</Table.Th>
            <Table.Th>{head[1]}</Table.Th>
            <Table.Th w={100} ta="right">
              Size
            </Table.Th>
            <Table.Th w={140}>SHA-256</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={`${row.first} ${row.second}`}>
              <Table.Td>{row.first}</Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{row.second}</Table.Td>
              <Table.Td ta="right">{row.size == null ? "" : bytes(row.size)}</Table.Td>
              <Table.Td>{row.none ?? <Digest of={row.sha256} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function whenOf(at: string | null): string {
  return at === null ? "not" : moment(Date.parse(at) / 1000);
}
