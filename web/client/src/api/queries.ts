import { keepPreviousData, QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, api, ended } from "./client";
import { isShutOut, onEntry } from "./entry";
import { Problem } from "./problem";

/** Whether the server did not answer. */
export const isUnreachable = (error: unknown) => error instanceof Problem && error.code === "unreachable";

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // Whatever finds the server gone has the frame of the page look, too, and say so.
    onError: (error, query) => {
      if (isUnreachable(error) && query.queryKey[0] !== "about") {
        void queryClient.invalidateQueries({ queryKey: queries.about.queryKey });
      }
    },
  }),
  defaultOptions: {
    queries: {
      retry: (failures, error) =>
        error instanceof Problem && error.passing && failures < (isUnreachable(error) ? 1 : 4),
      staleTime: 5_000,
      networkMode: "always", // a server on this machine is there without a network, too
    },
    mutations: { networkMode: "always" },
  },
});

// Once it is let in again, a page reads everything anew.
onEntry(() => {
  if (!isShutOut()) void queryClient.invalidateQueries();
});

export const queries = {
  about: queryOptions({ queryKey: ["about"], queryFn: ({ signal }) => answer(api.GET("/api/about", { signal })) }),
  profile: queryOptions({
    queryKey: ["profile"],
    queryFn: ({ signal }) => answer(api.GET("/api/profile", { signal })),
  }),
  analyses: queryOptions({
    queryKey: ["analyses"],
    queryFn: ({ signal }) => answer(api.GET("/api/analyses", { signal })),
    staleTime: 60_000,
  }),
  analysis: (name: string) =>
    queryOptions({
      queryKey: ["analyses", name],
      queryFn: ({ signal }) => answer(api.GET("/api/analyses/{name}", { params: { path: { name } }, signal })),
      staleTime: 60_000,
    }),
  libraries: queryOptions({
    queryKey: ["libraries"],
    queryFn: ({ signal }) => answer(api.GET("/api/libraries", { signal })),
    staleTime: 60_000,
  }),
  /** A job; `useLiveJob` keeps it fresh while it runs. */
  job: (job_id: string) =>
    queryOptions({
      queryKey: ["jobs", "one", job_id],
      queryFn: ({ signal }) => answer(api.GET("/api/jobs/{job_id}", { params: { path: { job_id } }, signal })),
    }),
  jobs: (filters: { state?: string[]; analysis?: string; name?: string; after?: string; limit?: number }) =>
    queryOptions({
      queryKey: ["jobs", "list", filters],
      queryFn: ({ signal }) => answer(api.GET("/api/jobs", { params: { query: filters }, signal })),
      placeholderData: keepPreviousData,
      // Jobs that other programs start are seen, too.
      refetchInterval: (query) => (query.state.data?.jobs.some((job) => !ended(job.state)) ? 2_000 : 15_000),
    }),
  batches: (job_id: string, query: { state?: string[]; first?: number; limit?: number }) =>
    queryOptions({
      queryKey: ["jobs", "batches", job_id, query],
      queryFn: ({ signal }) =>
        answer(api.GET("/api/jobs/{job_id}/batches", { params: { path: { job_id }, query }, signal })),
    }),
  /** What a job cost so far, in USD; `on_aws` is what it would have cost there, for a job of one's own machine. */
  cost: (job_id: string) =>
    queryOptions({
      queryKey: ["jobs", "cost", job_id],
      queryFn: async ({ signal }) => {
        const found = await answer(api.GET("/api/jobs/{job_id}/cost", { params: { path: { job_id } }, signal }));
        const there = found.on_aws as { amount?: unknown } | undefined;
        return {
          amount: Number(found.amount),
          on_aws: there === undefined ? null : Number(there.amount),
          document: found,
        };
      },
    }),
  results: (job_id: string, query: ResultsQuery) =>
    queryOptions({
      queryKey: ["jobs", "results", job_id, query],
      queryFn: ({ signal }) =>
        answer(api.GET("/api/jobs/{job_id}/results", { params: { path: { job_id }, query }, signal })),
      placeholderData: keepPreviousData,
    }),
};

/** What a page of results is asked with; see the API's documentation. */
export interface ResultsQuery {
  at?: string[];
  where?: string[];
  sort?: string[];
  per?: string;
  most_per?: number;
  count?: string[];
  offset?: number;
  limit?: number;
}
