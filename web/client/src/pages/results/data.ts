import { type QueryClient, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Results } from "../../api/client";
import { queries, type ResultsQuery } from "../../api/queries";
import { FIELDS, type Form, type Match, matchesOf, matchOf } from "./match";
import { conditions, type View } from "./state";

/** Entries that are fetched at once while all are scrolled through. */
export const CHUNK = 100;
/** The most that the API gives at once. */
const MOST = 1_000;
/** What was found so far is read again after so long also when nothing tells of changes. */
const RUNNING_MS = 5_000;

/** A list of matches that somebody looks at. */
export interface Source {
  jobId: string;
  form: Form;
  /** Which list, in which order, without what: all but the page. */
  query: ResultsQuery;
  /** Where the libraries of the job are, if there are several. */
  libraries: readonly string[];
}

/** Some entries of a list. Those of a job that runs change; those of one that has ended do not. */
export function usePage({ jobId, form, query }: Source, offset: number, limit: number, enabled = true) {
  return useQuery({
    ...queries.results(jobId, { ...query, offset, limit }),
    enabled,
    ...(form === "running" ? { refetchInterval: RUNNING_MS } : { staleTime: Number.POSITIVE_INFINITY }),
  });
}

/** Entries of a list by their place in it, from 0, fetched as they come near to what is seen. */
export function useChunks({ jobId, query, libraries }: Source, places: readonly number[]) {
  // The same function as long as they are the same, so that what it made of a page is kept.
  const toMatches = useCallback(
    (page: Results) => page.entries.map((entry, at) => matchOf(entry, libraries, page.places[at])),
    [libraries],
  );
  const numbers = [...new Set(places.map((place) => Math.floor(place / CHUNK)))];
  const found = useQueries({
    queries: numbers.map((number) => {
      const { placeholderData: _, ...page } = queries.results(jobId, {
        ...query,
        offset: number * CHUNK,
        limit: CHUNK,
      });
      return { ...page, staleTime: Number.POSITIVE_INFINITY, select: toMatches };
    }),
  });
  const pages = new Map(numbers.map((number, at) => [number, found[at]?.data]));
  const failed = found.filter((one) => one.error !== null);
  return {
    entry: (index: number): Match | undefined => pages.get(Math.floor(index / CHUNK))?.[index % CHUNK] ?? undefined,
    error: failed[0]?.error ?? null,
    refetch: () => {
      for (const one of failed) void one.refetch();
    },
  };
}

/** All entries of a list from one place to before another, however many pages that takes. Throws a Problem. */
export async function fetchRange(
  client: QueryClient,
  { jobId, query, libraries }: Source,
  from: number,
  to: number,
  onProgress: (done: number) => void = () => {},
): Promise<Match[]> {
  const found: Match[] = [];
  for (let offset = from; offset < to; offset += MOST) {
    const page = await client.fetchQuery({
      ...queries.results(jobId, { ...query, offset, limit: Math.min(MOST, to - offset) }),
      gcTime: 0,
    });
    found.push(...matchesOf(page, libraries));
    onProgress(found.length);
    if (page.entries.length === 0) break;
  }
  return found;
}

/** How many matches there would be of each library and sex, were that filter not set; the other filters hold. */
export function useFacets(source: Source, view: View, current: Results | undefined) {
  const { jobId, form, query } = source;
  const field = FIELDS[form];
  const ended = form === "ended";
  const counts = (without: Partial<View>, name: string, needed: boolean) => ({
    ...queries.results(jobId, {
      at: query.at ?? [],
      where: conditions({ ...view, ...without }, form),
      ...(query.per === undefined ? {} : { per: query.per, most_per: query.most_per ?? 1 }),
      count: [name],
      limit: 1,
    }),
    // Of a job that runs each look costs a process: there, the numbers are those of what is shown.
    enabled: needed && ended,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const libraries = useQuery(counts({ hide: [] }, field.library, view.hide.length > 0)).data;
  const sexes = useQuery(counts({ sex: null }, field.sex, view.sex !== null)).data;
  const shown = current?.counts ?? {};
  return {
    libraries: (view.hide.length > 0 ? libraries?.counts : shown)?.[field.library] ?? {},
    sexes: (view.sex !== null ? sexes?.counts : shown)?.[field.sex] ?? {},
  };
}

/** Reads entries of a list when they are asked for. */
export function useFetchRange(source: Source) {
  const client = useQueryClient();
  return useCallback(
    (from: number, to: number, onProgress?: (done: number) => void) => fetchRange(client, source, from, to, onProgress),
    [client, source],
  );
}
