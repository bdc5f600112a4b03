import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { listAction, moved } from "../keys";
import type { Match } from "../match";

interface Moving {
  list: RefObject<HTMLElement | null>;
  columns: number;
  /** Places of the first and the last match that can be gone to. */
  first: number;
  last: number;
  chosen: ReadonlyMap<string, Match>;
  select: (index: number, match: Match, on: boolean, range: boolean) => void;
  other: (action: "search" | "help", match: Match) => void;
  /** Another match that is gone to: each time this changes. */
  goTo: { index: number } | null;
  /** Brings a match into the page that is not in it. */
  reveal?: (index: number) => void;
}

/** The keys of a list: one of its cards is come to by Tab, the others by arrows. */
export function useMoves(moving: Moving) {
  const [at, setAt] = useState(moving.first);
  const active = at >= moving.first && at <= moving.last ? at : moving.first;
  const wanted = useRef<number | null>(null);
  const latest = useRef(moving);
  useEffect(() => {
    latest.current = moving;
  });

  // A card that was not in the page is focused when it has come.
  useEffect(() => {
    if (wanted.current !== null && focusCard(latest.current.list.current, wanted.current)) wanted.current = null;
  });

  const go = useCallback((index: number) => {
    const { list, reveal } = latest.current;
    setAt(index);
    wanted.current = focusCard(list.current, index) ? null : index;
    if (wanted.current !== null) reveal?.(index);
  }, []);

  const { goTo } = moving;
  useEffect(() => {
    if (goTo !== null) go(goTo.index);
  }, [goTo, go]);

  const pressed = useCallback(
    (event: React.KeyboardEvent, index: number, match: Match) => {
      const action = listAction(event);
      if (action === null) return;
      event.preventDefault();
      const { columns, first, last, chosen, select, other } = latest.current;
      if (action === "select") select(index, match, !chosen.has(match.key), event.shiftKey);
      else if (typeof action === "string") other(action, match);
      else go(first + moved(index - first, action.move, columns, last - first + 1));
    },
    [go],
  );
  return { active, pressed, focused: setAt };
}

/** Whether the card is there. */
export function focusCard(list: HTMLElement | null, index: number): boolean {
  const button = list?.querySelector<HTMLElement>(`[data-index="${index}"] > button`);
  if (!button) return false;
  button.focus({ preventScroll: true });
  button.scrollIntoView({ block: "nearest" });
  return true;
}
