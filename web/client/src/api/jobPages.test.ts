import { expect, test } from "vitest";
import { type Page, settledPage } from "./jobPages";

type Line = { job_id: string; runs: boolean };

/** Pages of three jobs each; those in capitals run. */
function pages(...texts: string[]): Page<Line>[] {
  return texts.map((text, number) => ({
    jobs: [...text].map((one) => ({ job_id: one, runs: one !== one.toLowerCase() })),
    next: number < texts.length - 1 ? (text.at(-1) ?? null) : null,
  }));
}
const after = (known: Page<Line>[], job: string) => settledPage(known, job, 3, ({ runs }) => !runs);
const ids = (page: Page<Line> | null) => page?.jobs.map((job) => job.job_id).join("");

test("a page of which all jobs have ended is not read again", () => {
  const known = pages("Abc", "def", "g");
  expect(ids(after(known, "c"))).toBe("def");
  expect(after(known, "c")?.next).toBe("f");
  expect(ids(after(known, "f"))).toBe("g");
  expect(after(known, "f")?.next).toBeNull();
});

test("a page with a job that runs is read", () => {
  expect(after(pages("abc", "dEf", "g"), "c")).toBeNull();
});

test("new jobs move the pages, of which only those are read that are not known", () => {
  const known = pages("abc", "def");
  expect(ids(after(known, "b"))).toBe("cde");
  expect(after(known, "b")?.next).toBe("e");
  expect(ids(after(known, "e"))).toBe("f");
});

test("where more jobs follow than are known, what lies over the end is read", () => {
  const known: Page<Line>[] = [{ jobs: pages("abc")[0]?.jobs ?? [], next: "c" }];
  expect(after(known, "b")).toBeNull();
  expect(after(known, "c")).toBeNull();
  expect(after(known, "gone")).toBeNull();
});
