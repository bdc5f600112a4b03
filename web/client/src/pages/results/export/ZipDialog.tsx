import { Alert, Button, Group, List, Modal, Progress, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { ProblemAlert } from "../../../components/Feedback";
import { fetchBlob } from "../../../components/Picture";
import { bytes, count, counted } from "../../../format";
import { picturePath } from "../pictures";
import { csvOf, type Row } from "./csv";
import { differentNames } from "./names";
import { save } from "./save";
import { type Zipped, zipOf } from "./zip";

interface ZipDialogProps {
  jobId: string;
  name: string;
  rows: readonly Row[];
  close: () => void;
}

/** Makes a zip of images, with the table of their matches, and has it saved. */
export function ZipDialog({ jobId, name, rows, close }: ZipDialogProps) {
  const [done, setDone] = useState(0);
  const [made, setMade] = useState<Zipped | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const closing = useRef(close);
  useEffect(() => {
    closing.current = close;
  });
  useEffect(() => {
    const stop = new AbortController();
    const names = differentNames(
      rows.map(({ match }) => match.id),
      ".png",
    );
    const images = rows.map(({ match }, at) => ({
      name: names[at] ?? "",
      read: async (signal: AbortSignal) =>
        new Uint8Array(await (await fetchBlob(picturePath(jobId, match.key), signal)).arrayBuffer()),
    }));
    const table = { name: "matches.csv", read: async () => new TextEncoder().encode(csvOf(rows)) };
    zipOf([...images, table], stop.signal, (number) => setDone(Math.min(number, rows.length))).then(
      (zipped) => {
        setMade(zipped);
        save(`${name}-images.zip`, zipped.file);
        if (zipped.failed.length === 0) closing.current();
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setProblem(error);
      },
    );
    return () => stop.abort();
  }, [jobId, name, rows]);
  return (
    <Modal opened onClose={close} title="Images as zip" closeOnClickOutside={false}>
      <Stack>
        {problem !== null && <ProblemAlert title="The zip could not be made" error={problem} />}
        {made === null && problem === null && (
          <>
            <Progress value={(100 * done) / rows.length} aria-label="Images read" />
            <Text size="sm" role="status">
              {count(done)} of {counted(rows.length, "image")}
            </Text>
          </>
        )}
        {made !== null && made.failed.length > 0 && (
          <Alert color="yellow" title={`${counted(made.failed.length, "image")} could not be read`}>
            <Text size="sm">The zip has the others ({bytes(made.file.size)}), and says what is not in it.</Text>
            <List size="sm" mah={200} style={{ overflowY: "auto" }}>
              {made.failed.map((one) => (
                <List.Item key={one.name}>
                  {one.name}: {one.why}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {made === null && problem === null ? "Cancel" : "Close"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
