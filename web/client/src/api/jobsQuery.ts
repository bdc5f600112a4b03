import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { answer, api, ended, type JobState } from "./client";

const PAGE = 30;

/** Pages of jobs, newest first, that stay fresh: also jobs that other programs start are seen. */
export function jobsQuery({ name, states, analysis }: { name: string; states: JobState[]; analysis: string | null }) {
  return infiniteQueryOptions({
    queryKey: ["jobs", "pages", { name, states, analysis }],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/jobs", {
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
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.jobs.some((job) => !ended(job.state))) ? 2_000 : 10_000,
  });
}
