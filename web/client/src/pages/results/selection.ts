import { useCallback, useSyncExternalStore } from "react";
import type { Match } from "./match";

/** The matches that are selected, by their keys, in the order in which they were; kept while the page is not reloaded. */
export interface Selection {
  chosen: ReadonlyMap<string, Match>;
  put: (matches: readonly Match[], on: boolean) => void;
  clear: () => void;
}

const NONE: ReadonlyMap<string, Match> = new Map();
const kept = new Map<string, ReadonlyMap<string, Match>>();
const listeners = new Set<() => void>();

function keep(scope: string, chosen: ReadonlyMap<string, Match>): void {
  kept.set(scope, chosen);
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The selection of one list: other tabs of a job do not lose it. */
export function useSelection(scope: string): Selection {
  const chosen = useSyncExternalStore(listen, () => kept.get(scope) ?? NONE);
  const put = useCallback(
    (matches: readonly Match[], on: boolean) => keep(scope, changed(kept.get(scope) ?? NONE, matches, on)),
    [scope],
  );
  const clear = useCallback(() => keep(scope, NONE), [scope]);
  return { chosen, put, clear };
}

/** A selection with some matches more, or fewer. */
export function changed(
  chosen: ReadonlyMap<string, Match>,
  matches: readonly Match[],
  on: boolean,
): ReadonlyMap<string, Match> {
  const next = new Map(chosen);
  for (const match of matches) {
    if (on) next.set(match.key, match);
    else next.delete(match.key);
  }
  return next;
}

/** The first and the last of the entries from one to another, whichever comes first. */
export function rangeOf(anchor: number, to: number): [number, number] {
  return anchor < to ? [anchor, to] : [to, anchor];
}
