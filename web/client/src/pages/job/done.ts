import type { Job } from "../../api/client";
import { percent } from "../../format";

/** How much of a job is done, for people: once it has ended, batches that failed are no part of that. Pure. */
export function doneText({ plan, progress }: Pick<Job, "plan" | "progress">, running: boolean): string {
  const { fraction, done, batches } = progress;
  if (running) return plan === null ? "being listed" : percent(fraction);
  return batches === 0 ? "–" : percent(done / batches);
}
