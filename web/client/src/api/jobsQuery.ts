import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { answer, api, ended, type JobLine, type JobState } from "./client";
import { type Page, settledPage } from "./jobPages";

const PAGE = 30;
const RUNNING_MS = 2_000;
const QUIET_MS = 10_000;
/** A list that was read longer ago was not looked at since, and is read whole. */
const UNSEEN_MS = 2 * QUIET_MS;

/**
 * Pages of jobs, newest first, that stay fresh: also jobs that other programs start are seen.
 *
 * While the list is looked at, the first page is read again and again, and of the others those with jobs that run.
 */
export function jobsQuery({ name, states, analysis }: { name: string; states: JobState[]; analysis: string | null }) {
  return infiniteQueryOptions({
    queryKey: ["jobs", "list", "pages", { name, states, analysis }],
    queryFn: async ({ pageParam, signal, client, queryKey }): Promise<Page<JobLine>> => {
      const known = client.getQueryState<{ pages: Page<JobLine>[] }>(queryKey);
      const fresh =
        known?.error == null && !known?.isInvalidated && Date.now() - (known?.dataUpdatedAt ?? 0) < UNSEEN_MS;
      const settled =
        pageParam !== null && fresh
          ? settledPage(known?.data?.pages ?? [], pageParam, PAGE, (job) => ended(job.state))
          : null;
      if (settled !== null) return settled;
      const call = api.GET("/api/jobs", {
        params: {
          query: {
            limit: PAGE,
            ...(pageParam === null ? {} : { after: pageParam }),
            ...(name === "" ? {} : { name }),
            ...(states.length === 0 ? {} : { state: states }),
            ...(analysis === null ? {} : { analysis }),
          },
        },
        signal,
      });
      return answer(call);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.jobs.some((job) => !ended(job.state) && !job.interrupted))
        ? RUNNING_MS
        : QUIET_MS,
  });
}
