/** Pages of a list of jobs that are put together from what is known. Pure. */

export interface Page<Job extends { job_id: string }> {
  jobs: Job[];
  /** After which job the next page begins; null when there is none. */
  next?: string | null;
}

/**
 * The page after a job, of pages that were read before; null when it has to be read, because it is not known or may have changed.
 *
 * @param pages those that were read, one after another.
 * @param after id of the job before the page.
 * @param size jobs of a page.
 * @param settled whether a job stays as it is.
 */
export function settledPage<Job extends { job_id: string }>(
  pages: readonly Page<Job>[],
  after: string,
  size: number,
  settled: (job: Job) => boolean,
): Page<Job> | null {
  const known = pages.flatMap((page) => page.jobs);
  const before = known.findIndex((job) => job.job_id === after);
  if (before < 0) return null;
  const jobs = known.slice(before + 1, before + 1 + size);
  const follows = pages.at(-1)?.next ?? null;
  const whole = jobs.length === size || follows === null;
  if (!whole || !jobs.every(settled)) return null;
  const last = jobs.at(-1);
  return { jobs, next: known.at(-1) === last ? follows : (last?.job_id ?? null) };
}
