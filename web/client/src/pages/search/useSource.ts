import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Problem } from "../../api/problem";
import type { Draft } from "./draft";
import { loadSource } from "./loadSource";
import { nameOf, type Source } from "./source";

/** Fills a draft with what its source brings, once; what was chosen before, or kept over a reload, stays as it is. */
export function useSource(source: Source, draft: Draft, fill: (brought: Partial<Draft>) => void) {
  const untouched = draft.image === null;
  const wanted = untouched && source.kind !== "none";
  const query = useQuery({
    queryKey: ["search-source", nameOf(source)],
    queryFn: () => loadSource(source as Exclude<Source, { kind: "none" }>),
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: (failures, error) => error instanceof Problem && error.passing && failures < 3,
  });
  const done = useRef(false);
  const { data } = query;
  useEffect(() => {
    if (data === undefined || done.current) return;
    done.current = true;
    fill(data);
  }, [data, fill]);
  return { loading: wanted && query.isPending, error: wanted ? query.error : null, retry: () => void query.refetch() };
}
