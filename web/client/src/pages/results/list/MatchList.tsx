import { useElementSize } from "@mantine/hooks";
import { useLayoutEffect, useRef } from "react";
import type { Match } from "../match";
import { shapeStyle } from "../shape";
import type { Layout } from "../state";
import { Card, type CardActions } from "./Card";
import { columnsOf } from "./columns";
import classes from "./List.module.css";
import { useMoves } from "./moves";

interface MatchListProps extends Pick<CardActions, "open" | "select"> {
  jobId: string;
  matches: readonly Match[];
  /** Place of the first of them in the whole list, from 0. */
  offset: number;
  total: number;
  layout: Layout;
  chosen: ReadonlyMap<string, Match>;
  /** Width of the images over their height. */
  shape: number;
  other: (action: "search" | "help", match: Match) => void;
  goTo: { index: number } | null;
}

/** A page of matches. Those that stay keep their elements, so that nothing flickers while others come. */
export function MatchList(props: MatchListProps) {
  const { jobId, matches, offset, total, layout, chosen, shape, open, select, other, goTo } = props;
  const { ref: box, width } = useElementSize();
  const list = useRef<HTMLUListElement>(null);
  const columns = layout === "grid" ? columnsOf(width, shape) : 1;
  const moves = useMoves({
    list,
    columns,
    first: offset,
    last: offset + matches.length - 1,
    chosen,
    select,
    other,
    goTo,
  });
  useSlides(list, matches);
  return (
    <div ref={box} className={classes.box} style={shapeStyle(shape)}>
      <ul
        ref={list}
        className={`${classes.list} ${layout === "grid" ? classes.grid : classes.rows}`}
        style={layout === "grid" ? { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` } : {}}
        aria-label="Matches"
      >
        {matches.map((match, at) => (
          <Card
            key={match.key}
            jobId={jobId}
            match={match}
            index={offset + at}
            total={total}
            layout={layout}
            selected={chosen.has(match.key)}
            active={moves.active === offset + at}
            open={open}
            select={select}
            pressed={moves.pressed}
            focused={moves.focused}
          />
        ))}
      </ul>
    </div>
  );
}

/** Lets cards that change places slide to their new ones, unless the user wants no movement. */
function useSlides(list: React.RefObject<HTMLUListElement | null>, matches: readonly Match[]): void {
  const before = useRef(new Map<string, { left: number; top: number }>());
  // biome-ignore lint/correctness/useExhaustiveDependencies: places change with the matches only
  useLayoutEffect(() => {
    const places = new Map<string, { left: number; top: number }>();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const card of list.current?.children ?? []) {
      if (!(card instanceof HTMLElement) || card.dataset.key === undefined) continue;
      const now = { left: card.offsetLeft, top: card.offsetTop };
      const was = before.current.get(card.dataset.key);
      places.set(card.dataset.key, now);
      if (still || was === undefined || (was.left === now.left && was.top === now.top)) continue;
      card.animate(
        [{ transform: `translate(${was.left - now.left}px, ${was.top - now.top}px)` }, { transform: "none" }],
        { duration: 250, easing: "ease-out" },
      );
    }
    before.current = places;
  }, [matches]);
}
