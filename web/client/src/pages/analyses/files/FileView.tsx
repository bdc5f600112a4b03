import { Button, Group, Loader, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { IconDownload, IconExternalLink } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { needsToken } from "../../../api/token";
import { Nothing, ProblemAlert } from "../../../components/Feedback";
import { Picture } from "../../../components/Picture";
import { bytes, count } from "../../../format";
import classes from "../FilesPanel.module.css";
import { download, fileAddress, firstBytes, linkTo } from "./download";
import { asText, cells, lastOf, type Named, pretty, type View, viewOf } from "./fileTree";

/** Of a text so many bytes are shown. */
const MOST = 1 << 20;
const MOST_ROWS = 500;

/** One file of a job: shown as what it is, as far as a browser can. */
export function FileView({ jobId, file }: { jobId: string; file: Named }) {
  const view = viewOf(file.name);
  const [source, setSource] = useState(false);
  const save = useMutation({ mutationFn: () => download(jobId, file.name) });
  const open = useMutation({
    mutationFn: async () => {
      window.open(await linkTo(jobId, file.name), "_blank", "noopener");
    },
  });
  const rendered = view === "html" || view === "table" || file.name.toLowerCase().endsWith(".svg");
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Title order={2} size="h5" style={{ overflowWrap: "anywhere" }}>
          {lastOf(file.name)}{" "}
          <Text component="span" size="sm" c="dimmed">
            {bytes(file.size)}
          </Text>
        </Title>
        <Group gap="xs">
          {rendered && (
            <Switch
              size="sm"
              label="As text"
              checked={source}
              onChange={(event) => setSource(event.currentTarget.checked)}
            />
          )}
          <Button
            size="xs"
            variant="default"
            leftSection={<IconExternalLink size={16} aria-hidden />}
            onClick={() => open.mutate()}
          >
            Open in a tab
          </Button>
          <Button size="xs" leftSection={<IconDownload size={16} aria-hidden />} onClick={() => save.mutate()}>
            Download
          </Button>
        </Group>
      </Group>
      {(save.error ?? open.error) !== null && (
        <ProblemAlert title="The file cannot be read" error={save.error ?? open.error} />
      )}
      <Content jobId={jobId} file={file} view={source ? "text" : view} />
    </Stack>
  );
}

function Content({ jobId, file, view }: { jobId: string; file: Named; view: View }) {
  if (file.size === 0) return <Nothing title="The file is empty" />;
  if (view === "none") {
    return (
      <Nothing title="A browser cannot show this kind of file">
        <Text size="sm">Download it to look at it.</Text>
      </Nothing>
    );
  }
  if (view === "image")
    return <Picture path={fileAddress(jobId, file.name)} alt={file.name} className={classes.picture} />;
  if (view === "html") return <Page jobId={jobId} file={file} />;
  return <Written jobId={jobId} file={file} view={view} />;
}

/** A page that an analysis wrote: shut in, so that it reads nothing of this one. */
function Page({ jobId, file }: { jobId: string; file: Named }) {
  if (needsToken()) {
    return (
      <Nothing title="A page that the analysis wrote">
        <Text size="sm">It is shown in a tab of its own.</Text>
      </Nothing>
    );
  }
  return (
    <iframe
      title={file.name}
      src={fileAddress(jobId, file.name)}
      sandbox="allow-scripts allow-popups"
      className={classes.frame}
    />
  );
}

function Written({ jobId, file, view }: { jobId: string; file: Named; view: View }) {
  const read = useQuery({
    queryKey: ["jobs", "text", jobId, file.name, file.size],
    queryFn: ({ signal }) => firstBytes(jobId, file.name, MOST, signal),
    staleTime: 60_000,
    gcTime: 60_000,
  });
  if (read.data === undefined) {
    return read.error === null ? (
      <Loader aria-label="Loading the file" />
    ) : (
      <ProblemAlert title="The file cannot be read" error={read.error} retry={() => void read.refetch()} />
    );
  }
  const { bytes: found, whole } = read.data;
  const text = asText(found, whole);
  if (text === null) return <Nothing title="This is no text: download it to look at it" />;
  return (
    <>
      {!whole && (
        <Text size="sm" c="dimmed">
          The first {bytes(found.length)}; download it for all of it.
        </Text>
      )}
      {view === "table" ? (
        <Cells text={text} name={file.name} />
      ) : (
        <Lines>{view === "json" && whole ? pretty(text) : text}</Lines>
      )}
    </>
  );
}

function Lines({ children }: { children: ReactNode }) {
  return (
    <section aria-label="Text of the file">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard, too */}
      <pre className={classes.text} tabIndex={0}>
        {children}
      </pre>
    </section>
  );
}

function Cells({ text, name }: { text: string; name: string }) {
  const separator = name.toLowerCase().endsWith(".tsv") ? "\t" : ",";
  const rows = cells(text, separator, MOST_ROWS + 1);
  const [head = [], ...body] = rows;
  return (
    <>
      <Table.ScrollContainer minWidth={200} maxHeight="65vh" scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table striped withTableBorder fz="xs" verticalSpacing={4} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              {head.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column has no other name
                <Table.Th key={column}>{cell}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {body.map((row, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other name
              <Table.Tr key={line}>
                {row.map((cell, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: see above
                  <Table.Td key={column} style={{ maxWidth: 320, overflowWrap: "anywhere" }}>
                    {cell}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {rows.length > MOST_ROWS && (
        <Text size="sm" c="dimmed">
          The first {count(MOST_ROWS)} rows.
        </Text>
      )}
    </>
  );
}
