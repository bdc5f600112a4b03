import { expect, test } from "vitest";
import type { Job } from "../../api/client";
import { doneText } from "./done";

function job(done: number, batches: number, fraction: number, plan: Job["plan"] = {}) {
  return { plan, progress: { done, batches, fraction } as Job["progress"] };
}

test("a job that ended has done what did not fail", () => {
  expect(doneText(job(1, 2, 1), false)).toBe("50 %");
  expect(doneText(job(2, 2, 1), false)).toBe("100 %");
});

test("one that ended before its items were listed has done nothing that could be told", () => {
  expect(doneText(job(0, 0, 0, null), false)).toBe("–");
});

test("one that runs is as far as it is, and is being listed before", () => {
  expect(doneText(job(1, 4, 0.3), true)).toBe("30 %");
  expect(doneText(job(0, 0, 0, null), true)).toBe("being listed");
});
