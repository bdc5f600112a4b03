import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import { Problem } from "../../../api/problem";
import { together } from "./together";

const WAIT_MS = 400;

/**
 * What jobs will take and cost together; none while nothing can be said. Its error names what the server would refuse.
 *
 * Args: `bodies` are specifications of jobs; none while there is nothing to start.
 */
export function useEstimate(bodies: Record<string, unknown>[]) {
  const [settled] = useDebouncedValue(JSON.stringify(bodies), WAIT_MS);
  return useQuery({
    queryKey: ["estimates", settled],
    queryFn: async ({ signal }) => {
      const jobs = JSON.parse(settled) as Record<string, unknown>[];
      const estimates = await Promise.all(jobs.map((body) => answer(api.POST("/api/estimates", { body, signal }))));
      return together(estimates);
    },
    enabled: settled !== "[]",
    placeholderData: keepPreviousData,
    retry: (failures, error) => error instanceof Problem && error.passing && failures < 3,
    staleTime: 60_000,
  });
}
