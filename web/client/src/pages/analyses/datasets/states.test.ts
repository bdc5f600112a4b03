import { expect, test } from "vitest";
import { over, statusOf, tally } from "./states";

test("a status has what its environment told, and nothing where it told nothing", () => {
  const status = statusOf({
    exit_code: 3,
    attempt: 2,
    cpu_percent: null,
    peak_memory_mb: 3.5,
    started_at: "2026-11-22T01:24:22.000+00:00",
    instance: { type: "m5.large", id: "i-1" },
    refused: [{ name: "pipe", reason: "is a pipe" }],
  });
  expect(status).toMatchObject({ exit_code: 3, attempt: 2, cpu: null, peakMemory: 3.5, machine: "m5.large" });
  expect(status.startedAt).toBe(Date.UTC(2026, 10, 22, 1, 24, 22) / 1000);
  expect(status.refused).toEqual(["results/pipe: is a pipe"]);
  expect(statusOf({})).toMatchObject({ exit_code: null, startedAt: null, machine: null, refused: [] });
});

test("states are counted in the order of a dataset's life", () => {
  const states = ["FAILED", "RUNNING", "FAILED", "SUCCEEDED"].map((state) => ({ state }));
  expect(tally(states).map((one) => `${one.number} ${one.word}`)).toEqual(["1 running", "1 succeeded", "2 failed"]);
});

test("a dataset that ran out of memory is over, and one that waits is not", () => {
  expect(over("OUT_OF_MEMORY")).toBe(true);
  expect(over("PENDING")).toBe(false);
});
