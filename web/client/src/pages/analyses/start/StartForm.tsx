import { Accordion, Button, Card, Grid, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import type { Specification } from "../../../api/analysisQueries";
import { type Analysis, answer, api } from "../../../api/client";
import { Problem } from "../../../api/problem";
import { queries } from "../../../api/queries";
import { ProblemAlert } from "../../../components/Feedback";
import { useLeaving } from "../../../components/Leaving";
import { counted } from "../../../format";
import { Configuration } from "../config/Configuration";
import { begin } from "../config/state";
import { useCheck } from "../config/useCheck";
import { takes } from "../kinds";
import { DatasetInput } from "./DatasetInput";
import { type DatasetDraft, datasetsAgain, itemsOf, lines, problemWith, type Repeated } from "./draft";
import { EstimateBox } from "./EstimateBox";
import { Options } from "./Options";
import { useUploads } from "./useUploads";

interface StartFormProps {
  analysis: Analysis;
  /** The earlier job that it begins with, and its items with the names of uploads. */
  again: { repeated: Repeated; items: unknown } | null;
}

/** Everything that a job of an analysis is given, and its start. */
export function StartForm({ analysis, again }: StartFormProps) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const { data: about } = useQuery(queries.about);
  const [name, setName] = useState(again?.repeated.name ?? "");
  const [options, setOptions] = useState(again?.repeated.options ?? {});
  const [config, setConfig] = useState(() => begin(analysis.parameters, again?.repeated.parameters));
  const [drafts, setDrafts] = useState<readonly DatasetDraft[]>(() =>
    analysis.kind === "datasets" ? datasetsAgain(again?.repeated.items, again?.items) : [],
  );
  const [names, setNames] = useState(() => namesOf(again?.repeated.items));
  const uploads = useUploads(
    useCallback(
      (error) => notifications.show({ color: "red", message: `A file was not removed: ${String(error)}` }),
      [],
    ),
  );
  const checked = useCheck(analysis, config);
  const datasets = useMemo(
    () =>
      drafts.map((dataset) => ({
        ...dataset,
        sources: dataset.sources.map((source) => ({
          ...source,
          at: source.at ?? uploads.states[source.key]?.at ?? null,
        })),
      })),
    [drafts, uploads.states],
  );
  useLeaving(Object.values(uploads.states).some((one) => one.state === "sending" || one.state === "waiting"));

  const given = takes(analysis);
  const items = useMemo(
    () => (given === "datasets" ? itemsOf(datasets) : given === "items" ? lines(names) : undefined),
    [given, datasets, names],
  );
  const missing = whatIsMissing();
  const body = useMemo<Specification>(
    () => ({
      ...options,
      analysis: analysis.name,
      parameters: config.values,
      ...(items === undefined ? {} : { items }),
      ...(name.trim() === "" ? {} : { name: name.trim() }),
    }),
    [options, analysis.name, config.values, items, name],
  );
  const key = useKey(body);
  const start = useMutation({
    mutationFn: () => answer(api.POST("/api/jobs", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: (job) => {
      client.setQueryData(queries.job(job.job_id).queryKey, job);
      void client.invalidateQueries({ queryKey: ["jobs", "list"] });
      void navigate(`/jobs/${encodeURIComponent(job.job_id)}`);
    },
  });

  function whatIsMissing(): string | null {
    if (given === "datasets" && datasets.length === 0) return "Add a dataset.";
    if (given === "items" && lines(names).length === 0) return "Name the items.";
    const wrong = datasets.find((one) => one.name.trim() === "" || problemWith(one) !== null);
    if (wrong !== undefined) return `See to the dataset ${wrong.name}.`;
    if (items === null) {
      const failed = Object.values(uploads.states).filter((one) => one.state === "failed" || one.state === "stopped");
      return failed.length > 0
        ? `${counted(failed.length, "upload")} stopped: go on with it, or remove it.`
        : "The job can start when its files are uploaded.";
    }
    if (config.broken !== null) return `The ${config.broken.toUpperCase()} text of the configuration cannot be read.`;
    if (checked.problems.length > 0) return "See to the problems of the configuration.";
    return null;
  }

  return (
    <Grid gap="lg" align="flex-start">
      <Grid.Col span={{ base: 12, md: 8 }}>
        <Stack gap="lg">
          {given === "datasets" && (
            <Section number={1} title="Datasets">
              <DatasetInput
                datasets={datasets}
                onChange={setDrafts}
                uploads={uploads}
                largest={about?.limits.upload_bytes ?? Number.MAX_SAFE_INTEGER}
                paths={about !== undefined && about.user === null}
              />
            </Section>
          )}
          {given === "items" && (
            <Section number={1} title="Items">
              <Textarea
                label="Names of the items, one a line"
                description={`What the analysis runs over. ${counted(lines(names).length, "item")}.`}
                autosize
                minRows={4}
                maxRows={16}
                value={names}
                onChange={(event) => setNames(event.currentTarget.value)}
              />
            </Section>
          )}
          <Section number={given === "parameters" ? 1 : 2} title="Configuration">
            <Configuration analysis={analysis} state={config} onChange={setConfig} checked={checked} />
          </Section>
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 4 }} style={{ position: "sticky", top: 72 }}>
        <Section number={given === "parameters" ? 2 : 3} title="Start">
          <Stack gap="md">
            <TextInput
              label="Name of the job"
              placeholder={analysis.title}
              value={name}
              maxLength={200}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <EstimateBox
              analysis={analysis.name}
              checking={checked.checking}
              specification={missing === null ? body : null}
              missing="The estimate is here when everything is given."
            />
            {start.error !== null && <ProblemAlert error={start.error} title={titleOf(start.error)} />}
            <Button
              size="md"
              leftSection={<IconPlayerPlay size={18} aria-hidden />}
              disabled={missing !== null}
              loading={start.isPending}
              onClick={() => start.mutate()}
            >
              Start
            </Button>
            <Text size="sm" c="dimmed" aria-live="polite">
              {missing ?? (checked.checking ? "Checking the configuration…" : "Ready.")}
            </Text>
            <Accordion
              variant="default"
              chevronPosition="left"
              styles={{ control: { paddingInline: 0 }, content: { paddingInline: 0 } }}
            >
              <Accordion.Item value="options" style={{ borderBottom: 0 }}>
                <Accordion.Control>
                  <Text size="sm">More options</Text>
                </Accordion.Control>
                <Accordion.Panel>
                  <Options
                    value={options}
                    onChange={setOptions}
                    environments={analysis.kind === "datasets"}
                    aws={about?.home === "aws"}
                  />
                </Accordion.Panel>
              </Accordion.Item>
            </Accordion>
          </Stack>
        </Section>
      </Grid.Col>
    </Grid>
  );
}

function Section({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <Card withBorder padding="md" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {number}. {title}
      </Title>
      {children}
    </Card>
  );
}

function titleOf(error: unknown): string {
  return error instanceof Problem && error.code === "unreachable"
    ? "The server did not answer"
    : "The job was not started";
}

/** A key for what is going to be started: sent again after a lost connection, it starts one job only. */
function useKey(body: Specification): string {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another body is another job
  return useMemo(() => crypto.randomUUID(), [body]);
}

function namesOf(items: unknown): string {
  return Array.isArray(items)
    ? items.map((one: unknown) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n")
    : "";
}
