/** What pages of analyses, of datasets and of files read. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { append, EMPTY, type LogBuffer } from "../pages/analyses/datasets/logBuffer";
import { answer, api, ended, type JobState } from "./client";
import { Problem } from "./problem";

const DATASETS_MS = 2_000;
const LOG_MS = 1_000;

export type Format = "json" | "yaml";
/** Parameters that are written, as they are or as a text. */
export type Given = { parameters: Record<string, unknown>; format: Format } | { text: string; format: Format };
export type Specification = Record<string, unknown>;

export const analysisQueries = {
  /** How long a job would take and what it would cost; starts nothing. */
  estimate: (specification: Specification | null) =>
    queryOptions({
      queryKey: ["estimates", specification],
      queryFn: ({ signal }) => answer(api.POST("/api/estimates", { body: specification ?? {}, signal })),
      enabled: specification !== null,
      placeholderData: keepPreviousData,
      staleTime: 30_000,
    }),
  /** What may still be spent on an analysis. */
  budget: (analysis: string) =>
    queryOptions({
      queryKey: ["budget", analysis],
      queryFn: ({ signal }) => answer(api.GET("/api/budget", { params: { query: { analysis } }, signal })),
    }),
  /** Whether parameters are as their schema wants them; of a text also where in it something is wrong. */
  check: (name: string, given: Given) =>
    queryOptions({
      queryKey: ["analyses", name, "check", given],
      queryFn: ({ signal }) =>
        answer(api.POST("/api/analyses/{name}/check", { params: { path: { name } }, body: given, signal })),
      placeholderData: keepPreviousData,
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 30_000,
    }),
  datasets: (job_id: string, state: JobState) =>
    queryOptions({
      queryKey: ["jobs", "datasets", job_id],
      queryFn: ({ signal }) => answer(api.GET("/api/jobs/{job_id}/datasets", { params: { path: { job_id } }, signal })),
      refetchInterval: ended(state) ? false : DATASETS_MS,
    }),
  /** The log of an attempt at a dataset: what is known stays, and only what is new is asked for. */
  log: (job_id: string, number: number, attempt: number, grows: boolean) =>
    queryOptions({
      queryKey: ["jobs", "log", job_id, number, attempt],
      queryFn: async ({ client, queryKey, signal }) => {
        const known = client.getQueryData<LogBuffer>(queryKey) ?? EMPTY;
        const path = { job_id, number };
        const call = api.GET("/api/jobs/{job_id}/datasets/{number}/log", {
          params: { path, query: { after: known.last } },
          signal,
        });
        return append(known, await answer(call));
      },
      structuralSharing: false,
      staleTime: 0,
      refetchInterval: grows ? LOG_MS : false,
    }),
  files: (job_id: string, state: JobState) =>
    queryOptions({
      queryKey: ["jobs", "files", job_id, ended(state)],
      queryFn: ({ signal }) => answer(api.GET("/api/jobs/{job_id}/links", { params: { path: { job_id } }, signal })),
      placeholderData: keepPreviousData,
      refetchInterval: ended(state) ? false : 5_000,
    }),
  cost: (job_id: string, state: JobState) =>
    queryOptions({
      queryKey: ["jobs", "cost", job_id, ended(state)],
      queryFn: ({ signal }) => answer(api.GET("/api/jobs/{job_id}/cost", { params: { path: { job_id } }, signal })),
      refetchInterval: ended(state) ? false : 5_000,
    }),
  /** The certificate; its document is null while there is none yet. */
  certificate: (job_id: string, state: JobState) =>
    queryOptions({
      queryKey: ["jobs", "certificate", job_id, ended(state)],
      queryFn: async ({ signal }) => {
        try {
          const call = api.GET("/api/jobs/{job_id}/certificate", { params: { path: { job_id } }, signal });
          return { document: (await answer(call)) as Record<string, unknown> | null };
        } catch (error) {
          if (error instanceof Problem && error.code === "result_not_ready") return { document: null };
          throw error;
        }
      },
      refetchInterval: (query) => (ended(state) && query.state.data?.document === null ? 1_000 : false),
    }),
  timeline: (job_id: string, state: JobState) =>
    queryOptions({
      queryKey: ["jobs", "timeline", job_id, ended(state)],
      queryFn: ({ signal }) => answer(api.GET("/api/jobs/{job_id}/timeline", { params: { path: { job_id } }, signal })),
      refetchInterval: ended(state) ? false : 5_000,
      placeholderData: keepPreviousData,
    }),
};
