import { useQuery } from "@tanstack/react-query";
import type { Job, JobLine } from "../../api/client";
import { queries } from "../../api/queries";

/** The jobs that a search of several libraries has beside this one; as far as they are among the newest. */
export function useSiblings(job: Job): JobLine[] {
  const { search } = job.labels;
  const { data } = useQuery({ ...queries.jobs({ analysis: job.analysis, limit: 200 }), enabled: search !== undefined });
  if (search === undefined) return [];
  return data?.jobs.filter((one) => one.labels.search === search && one.job_id !== job.job_id) ?? [];
}

/** What a job of a search of several libraries is told from the others by. */
export function libraryOf(job: JobLine): string {
  return job.labels.library ?? job.name ?? job.job_id;
}
