import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { answer, api } from "./client";

/** Pages of complete uploads of data whose name has a text in it, newest first. */
export function uploadsQuery(name: string) {
  return infiniteQueryOptions({
    queryKey: ["uploads", name],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/uploads", {
          params: {
            query: {
              purpose: "data",
              state: "complete",
              ...(pageParam === null ? {} : { after: pageParam }),
              ...(name === "" ? {} : { name }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
    placeholderData: keepPreviousData,
  });
}
