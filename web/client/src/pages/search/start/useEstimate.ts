import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import { Problem } from "../../../api/problem";

const WAIT_MS = 400;

/**
 * What a job will take and cost; none while nothing can be said. Its error names what the server would refuse.
 *
 * Args: `body` is the specification of the job; null while there is nothing to start.
 */
export function useEstimate(body: Record<string, unknown> | null) {
  const [settled] = useDebouncedValue(JSON.stringify(body), WAIT_MS);
  return useQuery({
    queryKey: ["estimates", settled],
    queryFn: ({ signal }) => {
      const body = JSON.parse(settled) as Record<string, unknown>;
      return answer(api.POST("/api/estimates", { body, signal }));
    },
    enabled: settled !== "null",
    placeholderData: keepPreviousData,
    retry: (failures, error) => error instanceof Problem && error.passing && failures < 3,
    staleTime: 60_000,
  });
}
