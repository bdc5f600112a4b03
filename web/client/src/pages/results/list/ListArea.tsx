import { notifications } from "@mantine/notifications";
import { useCallback, useEffect, useRef } from "react";
import { useNavigate } from "react-router";
import type { Job } from "../../../api/client";
import type { Match } from "../match";
import { searchPath } from "../pictures";
import { rangeOf, type Selection } from "../selection";
import type { Layout } from "../state";
import type { Matches } from "../useMatches";
import { AllMatches } from "./AllMatches";
import { MatchList } from "./MatchList";

interface ListAreaProps {
  job: Job;
  found: Matches;
  layout: Layout;
  matching: number;
  shape: number;
  selection: Selection;
  range: (from: number, to: number) => Promise<Match[]>;
  compare: (match: Match, index: number) => void;
  help: () => void;
  goTo: { index: number } | null;
}

/** The list itself: a page of it, or all, and what its cards do. */
export function ListArea(props: ListAreaProps) {
  const { job, found, layout, matching, shape, selection, goTo } = props;
  const navigate = useNavigate();
  const anchor = useRef<number | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const open = useCallback((index: number, match: Match) => latest.current.compare(match, index), []);
  const select = useCallback((index: number, match: Match, on: boolean, many: boolean) => {
    const { selection: now, range, found: list } = latest.current;
    now.put([match], on);
    if (many && anchor.current !== null) {
      const [from, to] = rangeOf(anchor.current, index);
      const here = list.scrolling ? [] : list.matches.slice(from - list.offset, to + 1 - list.offset);
      // Those between that are not in the page are read; those that are, and failing that none, are selected at once.
      if (from >= list.offset && here.length === to - from + 1) now.put(here, on);
      else {
        range(from, to + 1).then(
          (between) => now.put(between, on),
          (error: Error) =>
            notifications.show({ color: "red", title: "Those between were not selected", message: error.message }),
        );
      }
    }
    anchor.current = index;
  }, []);
  const other = useCallback(
    (action: "search" | "help", match: Match) => {
      if (action === "help") latest.current.help();
      else void navigate(searchPath(latest.current.job.job_id, match.key));
    },
    [navigate],
  );
  const shared = { layout, chosen: selection.chosen, shape, open, select, other, goTo };
  if (found.scrolling) return <AllMatches {...shared} source={found.source} total={matching} />;
  return <MatchList {...shared} jobId={job.job_id} matches={found.matches} offset={found.offset} total={matching} />;
}
