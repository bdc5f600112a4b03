import type { JobLine, JobState } from "../../api/client";

/** Which jobs are listed. All of it is in the address of the page. */
export interface Filters {
  /** Part of the name or of the id. */
  name: string;
  states: JobState[];
  analysis: string | null;
}

export const STATES: { value: JobState; label: string }[] = [
  { value: "PENDING", label: "waiting" },
  { value: "RUNNING", label: "running" },
  { value: "COMBINING", label: "combining" },
  { value: "SUCCEEDED", label: "succeeded" },
  { value: "PARTIAL", label: "partial" },
  { value: "FAILED", label: "failed" },
  { value: "TIMED_OUT", label: "timed out" },
  { value: "CANCELLED", label: "cancelled" },
];

const KNOWN = new Set<string>(STATES.map((one) => one.value));

export function filtersOf(search: URLSearchParams): Filters {
  return {
    name: search.get("q") ?? "",
    states: search.getAll("state").filter((one): one is JobState => KNOWN.has(one)),
    analysis: search.get("analysis"),
  };
}

/** The address of a list. What is not asked for is not in it. */
export function searchOf({ name, states, analysis }: Filters): URLSearchParams {
  const search = new URLSearchParams();
  if (name !== "") search.set("q", name);
  for (const state of states) search.append("state", state);
  if (analysis !== null) search.set("analysis", analysis);
  return search;
}

export function isFiltered({ name, states, analysis }: Filters): boolean {
  return name !== "" || states.length > 0 || analysis !== null;
}

/** What may be done with a job as it is. */
export function possible(job: Pick<JobLine, "state" | "interrupted">): {
  cancel: boolean;
  resume: boolean;
  remove: boolean;
} {
  const runs = job.state === "PENDING" || job.state === "RUNNING" || job.state === "COMBINING";
  return {
    cancel: runs && !job.interrupted,
    resume: job.interrupted || (!runs && job.state !== "SUCCEEDED"),
    remove: !runs || job.interrupted,
  };
}

/** Where a job is changed and started again. */
export function repeatPath(job: Pick<JobLine, "job_id" | "analysis">, search: boolean): string {
  const query = `?repeat=${encodeURIComponent(job.job_id)}`;
  return search ? `/search${query}` : `/analyses/${encodeURIComponent(job.analysis)}${query}`;
}
