import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { ended, type Job } from "../../api/client";
import type { ResultsQuery } from "../../api/queries";
import { CHUNK, type Source, useFacets, usePage } from "./data";
import { severalOf } from "./keyed";
import { FIELDS, type Form, matchesOf } from "./match";
import { DEFAULTS, queryOf, readView, type View, writeView } from "./state";

/** A list of matches as the address has it. */
export function useMatches(job: Job, at: readonly string[], paused: boolean) {
  const running = !ended(job.state);
  const form: Form = running ? "running" : "ended";
  const [params, setParams] = useSearchParams();
  const text = params.toString();
  const view = useMemo(() => readView(new URLSearchParams(text)), [text]);
  // Reading the same address again gives the same list, so that nothing below is made anew.
  const asked = JSON.stringify(queryOf(view, form, at));
  const several = JSON.stringify(severalOf(job));
  const libraries = useMemo(() => JSON.parse(several) as string[], [several]);
  const source = useMemo<Source>(
    () => ({ jobId: job.job_id, form, query: JSON.parse(asked) as ResultsQuery, libraries }),
    [job.job_id, form, asked, libraries],
  );
  const all = JSON.stringify(queryOf(DEFAULTS, form, at));
  const whole = useMemo<Source>(
    () => ({ jobId: job.job_id, form, query: JSON.parse(all) as ResultsQuery, libraries }),
    [job.job_id, form, all, libraries],
  );
  // Each look at a running job costs a process: one page is watched, and all are scrolled through when it has ended.
  const scrolling = view.size === "all" && !running;
  const size = view.size === "all" ? CHUNK : view.size;
  const offset = scrolling ? 0 : (view.page - 1) * size;
  const counting = useMemo(() => {
    const field = FIELDS[form];
    return { ...source, query: { ...source.query, count: [field.library, field.sex] } };
  }, [source, form]);
  const page = usePage(counting, offset, scrolling ? 1 : size, !(running && paused));
  const facets = useFacets(source, view, page.data);
  const matches = useMemo(
    () => (page.data === undefined ? [] : matchesOf(page.data, libraries)),
    [page.data, libraries],
  );
  return {
    running,
    view,
    source,
    /** The list without filters, in the order of the result. */
    whole,
    scrolling,
    size,
    /** Place of the first match of the page that is there, which is the one before while the next one comes. */
    offset: page.data?.offset ?? offset,
    page,
    matches,
    facets,
    change: (next: Partial<View>, replace = false) =>
      setParams((now) => writeView(now, next), { replace, flushSync: true }), // what was clicked is so at once
    params,
    setParams,
  };
}

export type Matches = ReturnType<typeof useMatches>;
