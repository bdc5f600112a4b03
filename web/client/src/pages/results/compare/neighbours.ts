import { useQueries } from "@tanstack/react-query";
import { queries } from "../../../api/queries";
import { type Source, useChunks } from "../data";
import { located, unkeyed } from "../keyed";
import { FIELDS, type Match, matchOf } from "../match";

export interface Shown {
  /** Place of the first of the matches in the list, from 0. */
  offset: number;
  matches: readonly Match[];
}

/**
 * The match that is compared, and those before and after it.
 *
 * The list of a job that runs changes, so there the page that is shown is what one goes through.
 */
export function useNeighbours(source: Source, total: number, shown: Shown | null, key: string, nth: number) {
  const hint = nth - 1;
  const places = [hint - 1, hint, hint + 1].filter((place) => place >= 0 && place < total);
  const chunks = useChunks(source, shown === null ? places : []);
  const entry = (index: number) =>
    shown === null ? chunks.entry(index) : index < shown.offset ? undefined : shown.matches[index - shown.offset];
  const here = shown === null ? hint : shown.offset + shown.matches.findIndex((match) => match.key === key);
  const found = entry(here)?.key === key ? entry(here) : undefined;
  const loaded = shown !== null || chunks.entry(hint) !== undefined || places.length === 0;
  const asked = useByKey(source, found === undefined && loaded ? [key] : []);
  const index = found === undefined ? null : here;
  return {
    match: found ?? asked.matches.get(key),
    /** Place in the list, from 0; null when it is not in the list as it is filtered now. */
    index,
    previous: index === null ? undefined : entry(index - 1),
    next: index === null ? undefined : entry(index + 1),
    pending: asked.pending || (!loaded && chunks.error === null),
    error: chunks.error ?? asked.error,
  };
}

/** Matches by their keys, whatever the filters are. */
export function useByKey({ jobId, form, query, libraries }: Source, keys: readonly string[]) {
  const found = useQueries({
    queries: keys.map((name) => {
      const { library, key } = unkeyed(name);
      const place = libraries[library];
      const where = [
        `${FIELDS[form].key}=${key}`,
        ...(place === undefined ? [] : [`${FIELDS[form].place}=${form === "ended" ? place : located(place, key)}`]),
      ];
      return queries.results(jobId, { at: query.at ?? [], where, limit: 1 });
    }),
  });
  const matches = new Map<string, Match>();
  for (const one of found) {
    const match = matchOf(one.data?.entries[0], libraries, one.data?.places[0]);
    if (match !== null) matches.set(match.key, match);
  }
  return {
    matches,
    pending: found.some((one) => one.isPending),
    error: found.find((one) => one.error !== null)?.error ?? null,
  };
}
