import { useQuery } from "@tanstack/react-query";
import type { Job } from "../../api/client";
import { firstBytes } from "../analyses/files/download";
import { unknownSexes } from "./filledIn";

const FILE = "parameters.json";
const MOST_BYTES = 1 << 20;

/** Of how many matches of a job the sex is not known; 0 as long as that is not known itself. */
export function useUnknownSexes(job: Job): number {
  const { data } = useQuery({
    queryKey: ["filled in", job.job_id],
    queryFn: async ({ signal }) => {
      const { bytes, whole } = await firstBytes(job.job_id, FILE, MOST_BYTES, signal);
      return whole ? unknownSexes(JSON.parse(new TextDecoder().decode(bytes))) : 0;
    },
    enabled: job.finished_at !== null && job.files.includes(FILE),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return data ?? 0;
}
