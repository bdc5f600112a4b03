import { Badge, Loader, Progress, Stack, Text, UnstyledButton } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useId, useState } from "react";
import type { Dataset, Job } from "../../../api/client";
import { bytes, counted, duration, percent } from "../../../format";
import classes from "../DatasetsPanel.module.css";
import { DATASET_STATES, over, type Status, statusOf } from "./states";

const DatasetLog = lazy(() => import("./DatasetLog"));
const MIB = 1 << 20;

interface DatasetLineProps {
  job: Job;
  dataset: Dataset;
  open: boolean;
  onOpen: (open: boolean) => void;
}

/** A dataset; opened, with its files, what was not delivered, and its log. */
export function DatasetLine({ job, dataset, open, onOpen }: DatasetLineProps) {
  const status = statusOf(dataset.status);
  const shown = DATASET_STATES[dataset.state] ?? { word: dataset.state, color: "gray" };
  const detail = useId();
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <>
      <UnstyledButton
        className={classes.line}
        aria-expanded={open}
        aria-controls={detail}
        onClick={() => onOpen(!open)}
      >
        <Chevron size={16} aria-hidden />
        <Text component="span" fw={500} truncate title={dataset.dataset}>
          {dataset.dataset}
        </Text>
        <Badge variant="light" color={shown.color} tt="none">
          {shown.word}
          {status.exit_code !== null && status.exit_code !== 0 && `, exit code ${status.exit_code}`}
        </Badge>
        <Told dataset={dataset} status={status} />
        <Use
          name="CPU"
          now={status.cpu === null ? null : `${Math.round(status.cpu)} %`}
          share={status.cpu === null ? null : Math.min(1, status.cpu / 100)}
          then={status.meanCpu === null ? null : `mean ${Math.round(status.meanCpu)} %`}
        />
        <Use
          name="Memory"
          now={status.memory === null ? null : bytes(status.memory * MIB)}
          share={null}
          then={status.peakMemory === null ? null : `peak ${bytes(status.peakMemory * MIB)}`}
        />
        <Elapsed state={dataset.state} status={status} />
      </UnstyledButton>
      <div id={detail} className={classes.detail} hidden={!open}>
        {open && <Detail job={job} dataset={dataset} status={status} />}
      </div>
    </>
  );
}

/** Why it is in its state; while it runs, what it does and how far it is. */
function Told({ dataset, status }: { dataset: Dataset; status: Status }) {
  const files =
    dataset.files.length > 0 ? counted(dataset.files.length, "file") : over(dataset.state) ? "no files" : "";
  const running = dataset.state === "RUNNING" && status.progress !== null;
  return (
    <span className={classes.reason}>
      <Text component="span" size="sm" {...(dataset.reason === "" ? { c: "dimmed" } : {})}>
        {dataset.reason || files}
        {running && status.progress !== null && `, ${percent(status.progress)}`}
      </Text>
      {running && <Progress component="span" size={4} value={(status.progress ?? 0) * 100} aria-hidden />}
    </span>
  );
}

interface UseProps {
  name: string;
  /** As it is now; null when nothing runs. */
  now: string | null;
  /** Of what there is, 0 to 1; null when that is not known. */
  share: number | null;
  then: string | null;
}

function Use({ name, now, share, then }: UseProps) {
  if (now === null && then === null) return <span className={classes.use} />;
  return (
    <span className={classes.use}>
      <Text component="span" size="xs" style={{ fontVariantNumeric: "tabular-nums" }}>
        {name} {now ?? then}
        {now !== null && then !== null && (
          <Text component="span" size="xs" c="dimmed">
            {" "}
            · {then}
          </Text>
        )}
      </Text>
      {share !== null && (
        <Progress
          component="span"
          size={4}
          value={Math.min(100, share * 100)}
          color={share > 0.9 ? "orange" : "sky"}
          aria-hidden
        />
      )}
    </span>
  );
}

function Elapsed({ state, status }: { state: string; status: Status }) {
  const now = useNow(state === "RUNNING" && status.startedAt !== null);
  const running = state === "RUNNING" && status.startedAt !== null ? Math.max(0, now - status.startedAt) : null;
  const seconds = running ?? status.seconds;
  return (
    <Text component="span" size="sm" className={classes.use ?? ""} style={{ fontVariantNumeric: "tabular-nums" }}>
      {seconds === null ? "" : duration(seconds)}
      {status.attempt > 1 && (
        <Text component="span" size="xs" c="dimmed">
          {" "}
          attempt {status.attempt}
        </Text>
      )}
    </Text>
  );
}

function useNow(running: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  const { start, stop } = useInterval(() => setNow(Date.now() / 1000), 1_000);
  useEffect(() => {
    if (running) start();
    return stop;
  }, [running, start, stop]);
  return now;
}

function Detail({ job, dataset, status }: { job: Job; dataset: Dataset; status: Status }) {
  const facts = [
    status.machine === null ? null : `on ${status.machine}`,
    status.gpu === null ? null : `GPU ${Math.round(status.gpu)} %`,
    status.gpuMemory === null ? null : `GPU memory ${bytes(status.gpuMemory * MIB)}`,
    status.exit_code === null ? null : `exit code ${status.exit_code}`,
  ].filter((one) => one !== null);
  return (
    <Stack gap="xs">
      {facts.length > 0 && (
        <Text size="sm" c="dimmed">
          {facts.join(" · ")}
        </Text>
      )}
      {status.refused.map((one) => (
        <Text key={one} size="sm">
          Not delivered: {one}
        </Text>
      ))}
      {dataset.state === "PENDING" ? (
        <Text size="sm" c="dimmed">
          It waits for its turn; its log begins when it starts.
        </Text>
      ) : (
        <Suspense fallback={<Loader size="sm" aria-label="Loading the log" />}>
          <DatasetLog
            jobId={job.job_id}
            number={dataset.number}
            name={dataset.dataset}
            attempt={status.attempt}
            grows={!over(dataset.state)}
          />
        </Suspense>
      )}
    </Stack>
  );
}
