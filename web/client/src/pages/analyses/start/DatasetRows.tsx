import { ActionIcon, Checkbox, Group, Progress, Text, TextInput, Tooltip } from "@mantine/core";
import { IconArrowsSplit2, IconPlayerPlay, IconPlayerStop, IconX } from "@tabler/icons-react";
import { bytes, percent } from "../../../format";
import classes from "./DatasetRows.module.css";
import { type DatasetDraft, problemWith, type Source } from "./draft";
import type { UploadState, Uploads } from "./useUploads";

interface DatasetRowsProps {
  datasets: readonly DatasetDraft[];
  uploads: Uploads;
  chosen: ReadonlySet<string>;
  onChoose: (keys: ReadonlySet<string>) => void;
  onName: (key: string, name: string) => void;
  onSplit: (key: string) => void;
  onRemove: (dataset: DatasetDraft) => void;
}

/** A line for each dataset, with its files and how far they are uploaded. */
export function DatasetRows({ datasets, uploads, chosen, onChoose, onName, onSplit, onRemove }: DatasetRowsProps) {
  return (
    <ul className={classes.rows} aria-label="Datasets">
      {datasets.map((dataset) => {
        const problem = problemWith(dataset);
        return (
          <li key={dataset.key} className={classes.row}>
            <Checkbox
              aria-label={`Choose ${dataset.name}`}
              checked={chosen.has(dataset.key)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.currentTarget.checked) next.add(dataset.key);
                else next.delete(dataset.key);
                onChoose(next);
              }}
            />
            <TextInput
              aria-label="Name of the dataset"
              size="xs"
              className={classes.name}
              value={dataset.name}
              onChange={(event) => onName(dataset.key, event.currentTarget.value)}
              error={dataset.name.trim() === "" ? "a dataset has a name" : problem}
            />
            <Group gap={4} wrap="nowrap">
              {dataset.sources.length > 1 && (
                <Tooltip label="A dataset for each file">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Split ${dataset.name} into its files`}
                    onClick={() => onSplit(dataset.key)}
                  >
                    <IconArrowsSplit2 size={16} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              )}
              <Tooltip label="Remove">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove ${dataset.name}`}
                  onClick={() => onRemove(dataset)}
                >
                  <IconX size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            </Group>
            <ul className={classes.sources} aria-label={`Files of ${dataset.name}`}>
              {dataset.sources.map((source) => (
                <SourceRow key={source.key} source={source} upload={uploads.states[source.key]} uploads={uploads} />
              ))}
            </ul>
            {Object.keys(dataset.more).length > 0 && (
              <Text size="xs" c="dimmed" className={classes.sources}>
                with {Object.keys(dataset.more).join(" and ").replace("_", " ")} of its own, as in the earlier job
              </Text>
            )}
          </li>
        );
      })}
    </ul>
  );
}

interface SourceRowProps {
  source: Source;
  upload: UploadState | undefined;
  uploads: Uploads;
}

function SourceRow({ source, upload, uploads }: SourceRowProps) {
  return (
    <li className={classes.source}>
      <Text size="xs" c="dimmed" truncate title={source.name}>
        {source.name}
        {source.size !== null && ` · ${bytes(source.size)}`}
      </Text>
      {upload !== undefined && <Share upload={upload} name={source.name} />}
      {upload !== undefined && <SourceActions source={source} upload={upload} uploads={uploads} />}
      {upload?.problem && (
        <Text size="xs" c="var(--mantine-color-error)" className={classes.problem} role="alert">
          {upload.problem}
        </Text>
      )}
    </li>
  );
}

function Share({ upload, name }: { upload: UploadState; name: string }) {
  if (upload.state === "complete") {
    return (
      <Text size="xs" c="dimmed" className={classes.progress}>
        uploaded
      </Text>
    );
  }
  const word = { waiting: "waits", sending: "", stopped: "stopped", failed: "failed" }[upload.state];
  return (
    <Group gap={6} wrap="nowrap" className={classes.progress}>
      <Progress
        value={upload.share * 100}
        style={{ flexGrow: 1 }}
        aria-label={`Upload of ${name}`}
        color={upload.state === "failed" ? "red" : upload.state === "sending" ? "sky" : "gray"}
      />
      <Text size="xs" style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>
        {word || percent(upload.share)}
      </Text>
    </Group>
  );
}

function SourceActions({ source, upload, uploads }: { source: Source; upload: UploadState; uploads: Uploads }) {
  if (upload.state === "complete") return null;
  const goes = upload.state === "waiting" || upload.state === "sending";
  const Icon = goes ? IconPlayerStop : IconPlayerPlay;
  const label = goes ? "Stop" : "Go on";
  return (
    <Tooltip label={label}>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={goes ? `Stop the upload of ${source.name}` : `Go on with the upload of ${source.name}`}
        onClick={() => (goes ? uploads.stop : uploads.again)(source.key)}
      >
        <Icon size={14} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
