import { expect, test } from "vitest";
import { filtersOf, isFiltered, possible, repeatPath, searchOf } from "./filters";

test("filters come back out of the address as they went in", () => {
  const filters = { name: "mouse 1 & 2", states: ["FAILED" as const, "PARTIAL" as const], analysis: "smooth" };
  expect(filtersOf(new URLSearchParams(searchOf(filters).toString()))).toEqual(filters);
});

test("without filters there is nothing in the address, and states that are none are left out", () => {
  expect(searchOf(filtersOf(new URLSearchParams("?state=BROKEN"))).toString()).toBe("");
  expect(isFiltered(filtersOf(new URLSearchParams()))).toBe(false);
  expect(isFiltered(filtersOf(new URLSearchParams("analysis=a")))).toBe(true);
});

test("a job can be cancelled while it runs, and resumed when something of it may be missing", () => {
  const at = (state: "RUNNING" | "SUCCEEDED" | "CANCELLED", interrupted = false) => possible({ state, interrupted });
  expect(at("RUNNING")).toEqual({ cancel: true, resume: false, remove: false });
  expect(at("RUNNING", true)).toEqual({ cancel: false, resume: true, remove: true });
  expect(at("SUCCEEDED")).toEqual({ cancel: false, resume: false, remove: true });
  expect(at("CANCELLED")).toEqual({ cancel: false, resume: true, remove: true });
});

test("searches are repeated where searches are made", () => {
  const job = { job_id: "a/b", analysis: "color-depth-search" };
  expect(repeatPath(job, true)).toBe("/search?repeat=a%2Fb");
  expect(repeatPath(job, false)).toBe("/analyses/color-depth-search?repeat=a%2Fb");
});
