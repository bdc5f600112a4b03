import type { MantineColor } from "@mantine/core";

/** The states of a dataset, in words. */
export const DATASET_STATES: Record<string, { word: string; color: MantineColor }> = {
  PENDING: { word: "waiting", color: "gray" },
  RUNNING: { word: "running", color: "blue" },
  SUCCEEDED: { word: "succeeded", color: "green" },
  FAILED: { word: "failed", color: "red" },
  TIMED_OUT: { word: "timed out", color: "red" },
  OUT_OF_MEMORY: { word: "out of memory", color: "red" },
  CANCELLED: { word: "cancelled", color: "gray" },
};

/** What the status of a dataset has, as far as it is known. */
export interface Status {
  exit_code: number | null;
  attempt: number;
  /** 0 to 1, when its command says so. */
  progress: number | null;
  /** Seconds since the epoch. */
  startedAt: number | null;
  seconds: number | null;
  /** Percent of one processor. */
  cpu: number | null;
  meanCpu: number | null;
  /** MiB. */
  memory: number | null;
  peakMemory: number | null;
  gpu: number | null;
  gpuMemory: number | null;
  /** What it runs on, for people. */
  machine: string | null;
  /** What was not delivered, and why. */
  refused: string[];
}

export function statusOf(told: Record<string, unknown>): Status {
  const number = (field: string) => (typeof told[field] === "number" ? (told[field] as number) : null);
  const instance = told.instance;
  const type = typeof instance === "string" ? instance : isRecord(instance) ? instance.type : null;
  const started = typeof told.started_at === "string" ? Date.parse(told.started_at) / 1000 : Number.NaN;
  return {
    exit_code: number("exit_code"),
    attempt: number("attempt") ?? 0,
    progress: number("progress"),
    startedAt: Number.isNaN(started) ? null : started,
    seconds: number("seconds"),
    cpu: number("cpu_percent"),
    meanCpu: number("mean_cpu_percent"),
    memory: number("memory_mb"),
    peakMemory: number("peak_memory_mb"),
    gpu: number("gpu_percent"),
    gpuMemory: number("gpu_memory_mb"),
    machine: typeof type === "string" ? type : null,
    refused: (Array.isArray(told.refused) ? told.refused : [])
      .filter(isRecord)
      .map((one) => `${String(one.folder ?? "results")}/${String(one.name)}: ${String(one.reason)}`),
  };
}

/** Whether nothing more happens to a dataset. */
export function over(state: string): boolean {
  return state !== "PENDING" && state !== "RUNNING";
}

/** How many datasets are in each state, in the order of a dataset's life. */
export function tally(datasets: readonly { state: string }[]): { state: string; word: string; number: number }[] {
  const known = Object.entries(DATASET_STATES).map(([state, { word }]) => ({
    state,
    word,
    number: datasets.filter((one) => one.state === state).length,
  }));
  return known.filter((one) => one.number > 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
