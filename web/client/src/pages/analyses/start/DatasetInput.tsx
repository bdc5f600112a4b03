import { Anchor, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { Dropzone, type FileWithPath } from "@mantine/dropzone";
import { IconFilePlus, IconFolderPlus, IconHistory, IconUpload } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { bytes, counted } from "../../../format";
import { DatasetRows } from "./DatasetRows";
import { apart, type DatasetDraft, type Dropped, fromLines, fromUploads, grouped, lines, together } from "./draft";
import { EarlierUploads } from "./EarlierUploads";
import type { Uploads } from "./useUploads";

interface DatasetInputProps {
  datasets: readonly DatasetDraft[];
  onChange: (change: (datasets: readonly DatasetDraft[]) => DatasetDraft[]) => void;
  uploads: Uploads;
  /** The largest file that the server takes, bytes. */
  largest: number;
  /** Whether paths and addresses may be named, as on one's own machine. */
  paths: boolean;
}

const UPLOAD = "upload:";
let keys = 0;
function newKey(): string {
  keys += 1;
  return `source ${keys}`;
}

/** Datasets: files and folders that are dropped or chosen, and paths where they may be named. */
export function DatasetInput({ datasets, onChange, uploads, largest, paths }: DatasetInputProps) {
  const open = useRef<() => void>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [earlier, setEarlier] = useState(false);
  const [refused, setRefused] = useState<string[]>([]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const add = (files: readonly (File & Partial<FileWithPath>)[]) => {
    const good: (Dropped & { file: File })[] = [];
    const bad: string[] = [];
    for (const file of files) {
      if (file.size === 0) bad.push(`${file.name} is empty`);
      else if (file.size > largest) bad.push(`${file.name} has ${bytes(file.size)}; a file may have ${bytes(largest)}`);
      else {
        const path = file.webkitRelativePath || file.path || file.name;
        good.push({ key: newKey(), name: file.name, size: file.size, path, file });
      }
    }
    setRefused(bad);
    const added = grouped(good);
    const taken = new Set(added.flatMap((dataset) => dataset.sources.map((source) => source.key)));
    onChange((old) => [...old, ...added]);
    uploads.begin(good.filter((one) => taken.has(one.key)));
  };
  const sources = datasets.flatMap((dataset) => dataset.sources);
  const size = sources.reduce((sum, source) => sum + (source.size ?? 0), 0);
  return (
    <Stack gap="sm">
      <Dropzone
        onDrop={add}
        openRef={open}
        activateOnClick={false}
        activateOnKeyboard={false}
        enablePointerEvents
        p="lg"
        aria-label="Drop datasets here"
      >
        <Group justify="center" gap="md" mih={96}>
          <IconUpload size={36} stroke={1.4} aria-hidden />
          <Stack gap={6} align="flex-start">
            <Text fw={500}>Drop files or folders here</Text>
            <Group gap="xs">
              <Button size="xs" leftSection={<IconFilePlus size={16} aria-hidden />} onClick={() => open.current?.()}>
                Choose files
              </Button>
              <Button
                size="xs"
                variant="default"
                leftSection={<IconFolderPlus size={16} aria-hidden />}
                onClick={() => folder.current?.click()}
              >
                Choose a folder
              </Button>
              <Button
                size="xs"
                variant="default"
                leftSection={<IconHistory size={16} aria-hidden />}
                onClick={() => setEarlier(true)}
              >
                Earlier uploads
              </Button>
            </Group>
            <Text size="xs" c="dimmed">
              Each file is a dataset; a folder is one dataset of all its files. Up to {bytes(largest)} a file.
            </Text>
          </Stack>
        </Group>
      </Dropzone>
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder of a dataset"
        {...{ webkitdirectory: "" }}
        onChange={(event) => {
          add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      {refused.length > 0 && (
        <Stack gap={2} role="alert">
          {refused.map((one) => (
            <Text key={one} size="sm" c="var(--mantine-color-error)">
              {one}
            </Text>
          ))}
        </Stack>
      )}
      {earlier && (
        <EarlierUploads
          taken={new Set(sources.flatMap(({ at }) => (at?.startsWith(UPLOAD) ? [at.slice(UPLOAD.length)] : [])))}
          add={(uploads) => onChange((old) => [...old, ...fromUploads(uploads)])}
          close={() => setEarlier(false)}
        />
      )}
      {paths && <Paths add={(text) => onChange((old) => [...old, ...fromLines(text, newKey)])} />}
      {datasets.length > 0 && (
        <>
          <Group justify="space-between" gap="xs">
            <Text size="sm" fw={500} aria-live="polite">
              {counted(datasets.length, "dataset")}, {counted(sources.length, "file")}
              {size > 0 && `, ${bytes(size)}`}
            </Text>
            <Button
              size="compact-sm"
              variant="default"
              disabled={chosen.size < 2}
              onClick={() => {
                onChange((old) => together(old, chosen));
                setChosen(new Set());
              }}
            >
              Make the chosen one dataset
            </Button>
          </Group>
          <DatasetRows
            datasets={datasets}
            uploads={uploads}
            chosen={chosen}
            onChoose={setChosen}
            onName={(key, name) => onChange((old) => old.map((one) => (one.key === key ? { ...one, name } : one)))}
            onSplit={(key) => onChange((old) => apart(old, key))}
            onRemove={(dataset) => {
              for (const source of dataset.sources) uploads.remove(source.key);
              setChosen((old) => new Set([...old].filter((key) => key !== dataset.key)));
              onChange((old) => old.filter((one) => one.key !== dataset.key));
            }}
          />
        </>
      )}
    </Stack>
  );
}

/** Data that is not uploaded: files and folders of this machine, or addresses. */
function Paths({ add }: { add: (text: string) => void }) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  if (!open) {
    return (
      <Anchor
        component="button"
        type="button"
        size="sm"
        onClick={() => setOpen(true)}
        style={{ alignSelf: "flex-start" }}
      >
        Name files or folders of this machine, or addresses, instead
      </Anchor>
    );
  }
  return (
    <Group align="flex-end" gap="xs">
      <Textarea
        label="Paths or addresses, one a line"
        description="They are read where the job runs, and not uploaded."
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autosize
        minRows={2}
        maxRows={8}
        style={{ flexGrow: 1, minWidth: 220 }}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      />
      <Button
        variant="default"
        disabled={lines(text).length === 0}
        onClick={() => {
          add(text);
          setText("");
        }}
      >
        Add
      </Button>
    </Group>
  );
}
