import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { analysisQueries } from "../../../api/analysisQueries";
import type { Analysis } from "../../../api/client";
import { same } from "../../../components/json";
import type { ConfigState } from "./state";

export interface Checked {
  /** What the server finds wrong; of what was typed a moment ago, when `checking`. */
  problems: { field: string; detail: string; line: number | null }[];
  checking: boolean;
  error: Error | null;
}

/** Has a configuration checked by the server a moment after each change. */
export function useCheck(analysis: Analysis, state: ConfigState): Checked {
  const format = state.broken ?? (state.mode === "form" ? null : state.mode);
  const text = format === null ? undefined : state.texts[format]?.text;
  const given =
    format === null || text === undefined ? { parameters: state.values, format: "json" as const } : { text, format };
  const [settled] = useDebouncedValue(given, 300);
  const { data, error, isFetching, isPlaceholderData } = useQuery(analysisQueries.check(analysis.name, settled));
  return {
    problems: (data?.problems ?? []).map((one) => ({ ...one, line: one.line ?? null })),
    checking: isFetching || isPlaceholderData || !same(given, settled),
    error,
  };
}
