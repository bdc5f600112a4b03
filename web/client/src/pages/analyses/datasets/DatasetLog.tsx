import { ActionIcon, Button, Checkbox, Group, Loader, Text, Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { analysisQueries } from "../../../api/analysisQueries";
import { ProblemAlert } from "../../../components/Feedback";
import { SearchField } from "../../../components/SearchField";
import { count, counted } from "../../../format";
import { saveText } from "../files/download";
import classes from "./DatasetLog.module.css";
import { clock, EMPTY, found, type LogRow, logText, plain, rows } from "./logBuffer";

interface DatasetLogProps {
  jobId: string;
  number: number;
  /** Of the dataset. */
  name: string;
  attempt: number;
  /** Whether more lines come. */
  grows: boolean;
}

/** The log of a dataset: live, searchable, and however long. */
export default function DatasetLog({ jobId, number, name, attempt, grows }: DatasetLogProps) {
  const { data, error, refetch, isPending } = useQuery(analysisQueries.log(jobId, number, attempt, grows));
  const buffer = data ?? EMPTY;
  const shown = useMemo(() => rows(buffer), [buffer]);
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const hits = useMemo(() => found(shown, wanted), [shown, wanted]);
  const [follows, setFollows] = useState(true);
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 19,
    overscan: 20,
  });

  useEffect(() => {
    if (!grows) void refetch(); // the last lines came with the end
  }, [grows, refetch]);
  useEffect(() => {
    if (follows && shown.length > 0) lines.scrollToIndex(shown.length - 1, { align: "end" });
  }, [follows, shown, lines]);

  const hit = hits[Math.min(at, hits.length - 1)];
  const go = (by: number) => {
    if (hits.length === 0) return;
    const next = (at + by + hits.length) % hits.length;
    setAt(next);
    setFollows(false);
    lines.scrollToIndex(hits[next] ?? 0, { align: "center" });
  };
  const search = (text: string) => {
    setWanted(text);
    setAt(0);
    const [first] = found(shown, text);
    if (first === undefined) return;
    setFollows(false);
    lines.scrollToIndex(first, { align: "center" });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  };
  // Who scrolls up reads: the log stays where it is until its end is come back to.
  const onScroll = () => {
    const box = scroller.current;
    if (box === null) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    if (atEnd) setFollows(true);
  };
  const onUp = () => setFollows(false);

  if (error !== null && data === undefined) {
    return <ProblemAlert title="The log cannot be read" error={error} retry={() => void refetch()} />;
  }
  return (
    <section aria-label={`Log of ${name}`}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Group gap={4}>
          <SearchField size="xs" label="Search the log" value={wanted} onChange={search} onKeyDown={onKey} />
          <Step label="Earlier match" icon={IconChevronUp} disabled={hits.length === 0} onClick={() => go(-1)} />
          <Step label="Next match" icon={IconChevronDown} disabled={hits.length === 0} onClick={() => go(1)} />
          <Text size="xs" c="dimmed" aria-live="polite">
            {wanted.trim() !== "" &&
              (hits.length === 0 ? "not found" : `${Math.min(at, hits.length - 1) + 1} of ${count(hits.length)}`)}
          </Text>
        </Group>
        <Group gap="sm">
          <Text size="xs" c="dimmed">
            {counted(buffer.lines.length, "line")}
          </Text>
          {grows && (
            <Checkbox
              size="xs"
              label="Follow"
              checked={follows}
              onChange={(event) => setFollows(event.currentTarget.checked)}
            />
          )}
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
            onClick={() => saveText(`${name}.log`, logText(buffer))}
          >
            Download
          </Button>
        </Group>
      </Group>
      <div
        ref={scroller}
        className={classes.log}
        role="log"
        aria-live="off"
        aria-label={`Lines of the log of ${name}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard, too
        tabIndex={0}
        onScroll={onScroll}
        onWheel={(event) => event.deltaY < 0 && onUp()}
        onTouchMove={onUp}
        onKeyDown={(event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && onUp()}
      >
        {isPending && <Loader size="sm" m="md" aria-label="Loading the log" />}
        {!isPending && shown.length === 0 && (
          <Text size="sm" c="dimmed" p="md">
            {grows ? "Nothing is written yet." : "Nothing was written."}
          </Text>
        )}
        <div style={{ height: lines.getTotalSize(), position: "relative" }}>
          {lines.getVirtualItems().map((item) => {
            const row = shown[item.index];
            if (row === undefined) return null;
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={lines.measureElement}
                className={lineClass(row, hit === item.index, wanted)}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Row row={row} />
              </div>
            );
          })}
        </div>
      </div>
      <Text size="xs" c="dimmed" mt={4}>
        Blue lines are Skyburst's own; lines with a bar are what the command wrote as errors.
      </Text>
    </section>
  );
}

function Row({ row }: { row: LogRow }) {
  if (row.kind === "gap") {
    return (
      <>
        <span />
        <span className={classes.time} />
        <span className={classes.text}>
          … lines {count(row.from)} to {count(row.to)} are not kept
        </span>
      </>
    );
  }
  return (
    <>
      <span className={classes.number}>{row.line.line}</span>
      <span className={classes.time}>{clock(row.line.at)}</span>
      <span className={classes.text}>{plain(row.line.text)}</span>
    </>
  );
}

function lineClass(row: LogRow, here: boolean, wanted: string): string {
  if (row.kind === "gap") return `${classes.line} ${classes.gap}`;
  const text = wanted.trim().toLowerCase();
  const hit = text !== "" && plain(row.line.text).toLowerCase().includes(text);
  const stream = row.line.stream === "env" ? classes.env : row.line.stream === "err" ? classes.err : "";
  return `${classes.line} ${stream} ${here ? classes.here : hit ? classes.hit : ""}`;
}

interface StepProps {
  label: string;
  icon: typeof IconChevronUp;
  disabled: boolean;
  onClick: () => void;
}

function Step({ label, icon: Icon, disabled, onClick }: StepProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size="md" aria-label={label} disabled={disabled} onClick={onClick}>
        <Icon size={14} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
