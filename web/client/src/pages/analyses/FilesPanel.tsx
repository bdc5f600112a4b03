import { Button, Group, Stack, Text, Tree, type TreeNodeData, useTree } from "@mantine/core";
import {
  IconChevronDown,
  IconChevronRight,
  IconDownload,
  IconFile,
  IconFileText,
  IconFolder,
  IconPhoto,
} from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { analysisQueries } from "../../api/analysisQueries";
import { ended, type Job } from "../../api/client";
import { Found, Nothing, ProblemAlert } from "../../components/Feedback";
import { SearchField } from "../../components/SearchField";
import { bytes, counted } from "../../format";
import classes from "./FilesPanel.module.css";
import { downloadAll } from "./files/download";
import { FileView } from "./files/FileView";
import { above, fileTree, type Named, type TreeNode, viewOf } from "./files/fileTree";

/** Up to so many files, folders are open from the start. */
const FEW = 60;

/** The files that a job left, as a tree; one of them is shown. */
export function FilesPanel({ job }: { job: Job }) {
  const files = useQuery(analysisQueries.files(job.job_id, job.state));
  return (
    <Found query={files}>
      {(all) =>
        all.length === 0 ? (
          <Nothing title="There are no files">
            <Text size="sm">
              {ended(job.state)
                ? "The job left none."
                : "Files are here when they are delivered, those of a dataset when it ends."}
            </Text>
          </Nothing>
        ) : (
          <Files job={job} files={all} />
        )
      }
    </Found>
  );
}

function Files({ job, files }: { job: Job; files: readonly Named[] }) {
  const [search, setSearch] = useSearchParams();
  const [wanted, setWanted] = useState("");
  const chosen = files.find((one) => one.name === search.get("file")) ?? null;
  const all = useMutation({ mutationFn: () => downloadAll(job.job_id) });
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const shown = useMemo(
    () => fileTree(files.filter((one) => one.name.toLowerCase().includes(wanted.toLowerCase()))),
    [files, wanted],
  );
  const choose = (name: string) =>
    setSearch((old) => {
      const next = new URLSearchParams(old);
      next.set("file", name);
      return next;
    });
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={500}>
          {counted(files.length, "file")}, {bytes(size)}
        </Text>
        <Group gap="xs">
          {files.length > 12 && <SearchField size="xs" label="Search files" value={wanted} onChange={setWanted} />}
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            loading={all.isPending}
            onClick={() => all.mutate()}
          >
            Download all
          </Button>
        </Group>
      </Group>
      {all.error !== null && <ProblemAlert title="The files cannot be downloaded" error={all.error} />}
      <div className={classes.split}>
        <FileTree
          key={wanted}
          nodes={shown}
          chosen={chosen?.name ?? null}
          open={files.length <= FEW || wanted !== ""}
          onChoose={choose}
        />
        <div className={classes.view}>
          {chosen === null ? (
            <Nothing title="Choose a file to look at it" />
          ) : (
            <FileView key={chosen.name} jobId={job.job_id} file={chosen} />
          )}
        </div>
      </div>
    </Stack>
  );
}

interface FileTreeProps {
  nodes: TreeNode[];
  chosen: string | null;
  /** Whether folders are open from the start. */
  open: boolean;
  onChoose: (name: string) => void;
}

function FileTree({ nodes, chosen, open, onChoose }: FileTreeProps) {
  const [byPath, data] = useMemo(() => {
    const known = new Map<string, TreeNode>();
    const convert = (node: TreeNode): TreeNodeData => {
      known.set(node.path, node);
      const children = node.children?.map(convert);
      return { value: node.path, label: node.label, ...(children === undefined ? {} : { children }) };
    };
    return [known, nodes.map(convert)];
  }, [nodes]);
  const isFile = (path: string | undefined) => path !== undefined && byPath.get(path)?.children === null;
  const tree = useTree({
    initialExpandedState: Object.fromEntries(
      [...byPath.values()]
        .filter((node) => node.children !== null && (open || (chosen !== null && above(chosen).includes(node.path))))
        .map((node) => [node.path, true]),
    ),
    selectedState: chosen === null ? [] : [chosen],
    onSelectedStateChange: ([path]) => {
      if (path !== undefined && isFile(path)) onChoose(path);
    },
  });
  if (nodes.length === 0) return <Text size="sm">No file matches.</Text>;
  return (
    <div className={classes.tree}>
      <Tree
        data={data}
        tree={tree}
        levelOffset={18}
        selectOnClick
        aria-label="Files"
        onKeyDown={(event) => {
          const path = event.target instanceof HTMLElement ? event.target.dataset.value : undefined;
          if (event.key === "Enter" && path !== undefined && isFile(path)) onChoose(path);
        }}
        renderNode={({ node, expanded, elementProps }) => {
          const known = byPath.get(node.value);
          const folder = known?.children !== null;
          return (
            <div {...elementProps} className={`${elementProps.className} ${classes.node}`}>
              <Icon node={known} expanded={expanded} />
              <span className={classes.label} title={node.value}>
                {node.label}
              </span>
              <span className={classes.size}>
                {folder && `${counted(known?.files ?? 0, "file")}, `}
                {bytes(known?.size ?? 0)}
              </span>
            </div>
          );
        }}
      />
    </div>
  );
}

function Icon({ node, expanded }: { node: TreeNode | undefined; expanded: boolean }) {
  if (node?.children !== null) {
    const Chevron = expanded ? IconChevronDown : IconChevronRight;
    return (
      <>
        <Chevron size={14} aria-hidden />
        <IconFolder size={16} aria-hidden />
      </>
    );
  }
  const view = viewOf(node.path);
  const Kind = view === "image" ? IconPhoto : view === "none" ? IconFile : IconFileText;
  return <Kind size={16} aria-hidden />;
}
