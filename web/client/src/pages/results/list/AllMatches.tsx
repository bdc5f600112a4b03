import { useElementSize } from "@mantine/hooks";
import { defaultRangeExtractor, useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useLayoutEffect, useRef, useState } from "react";
import { ProblemAlert } from "../../../components/Feedback";
import { type Source, useChunks } from "../data";
import type { Match } from "../match";
import { shapeStyle } from "../shape";
import type { Layout } from "../state";
import { Card, type CardActions, Placeholder } from "./Card";
import { cardHeight, columnsOf, ROW } from "./columns";
import classes from "./List.module.css";
import { useMoves } from "./moves";

interface AllMatchesProps extends Pick<CardActions, "open" | "select"> {
  source: Source;
  total: number;
  layout: Layout;
  chosen: ReadonlyMap<string, Match>;
  shape: number;
  other: (action: "search" | "help", match: Match) => void;
  goTo: { index: number } | null;
}

/** All matches, of which only those near to what is seen are in the page. */
export function AllMatches({ source, total, layout, chosen, shape, open, select, other, goTo }: AllMatchesProps) {
  const { ref: box, width } = useElementSize();
  const list = useRef<HTMLUListElement>(null);
  const [margin, setMargin] = useState(0);
  const columns = layout === "grid" ? columnsOf(width, shape) : 1;
  const height = layout === "grid" ? cardHeight(width, columns, shape) : ROW;
  const kept = useRef(0);
  const rows = useWindowVirtualizer({
    count: width === 0 ? 0 : Math.ceil(total / columns),
    estimateSize: () => height,
    overscan: layout === "grid" ? 2 : 6,
    scrollMargin: margin,
    scrollPaddingStart: 130,
    scrollPaddingEnd: 20,
    // The card that Tab comes to stays, wherever it is.
    rangeExtractor: useCallback((range) => {
      const seen = defaultRangeExtractor(range);
      if (kept.current >= range.count || seen.includes(kept.current)) return seen;
      return [...seen, kept.current].sort((one, other) => one - other);
    }, []),
  });
  const moves = useMoves({
    list,
    columns,
    first: 0,
    last: total - 1,
    chosen,
    select,
    other,
    goTo,
    reveal: (index) => rows.scrollToIndex(Math.floor(index / columns), { align: "auto" }),
  });
  kept.current = Math.floor(moves.active / columns);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured anew
  useLayoutEffect(() => rows.measure(), [height]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is above the list changes with its width
  useLayoutEffect(() => {
    if (list.current !== null) setMargin(Math.round(list.current.getBoundingClientRect().top + scrollY));
  }, [width]);

  const shown = rows.getVirtualItems();
  const chunks = useChunks(
    source,
    shown.flatMap((row) => [row.index * columns, Math.min(total, (row.index + 1) * columns) - 1]),
  );
  return (
    <div ref={box} className={classes.box} style={shapeStyle(shape)}>
      {chunks.error !== null && <ProblemAlert error={chunks.error} retry={chunks.refetch} />}
      <ul
        ref={list}
        className={classes.list}
        style={{ position: "relative", height: rows.getTotalSize() }}
        aria-label="Matches"
      >
        {shown.flatMap((row) =>
          Array.from({ length: Math.min(columns, total - row.index * columns) }, (_, column) => {
            const index = row.index * columns + column;
            const match = chunks.entry(index);
            const place = { top: row.start - margin, column, columns };
            if (match === undefined) return <Placeholder key={index} index={index} layout={layout} place={place} />;
            return (
              <Card
                key={index}
                {...place}
                jobId={source.jobId}
                match={match}
                index={index}
                total={total}
                layout={layout}
                selected={chosen.has(match.key)}
                active={moves.active === index}
                open={open}
                select={select}
                pressed={moves.pressed}
                focused={moves.focused}
              />
            );
          }),
        )}
      </ul>
    </div>
  );
}
