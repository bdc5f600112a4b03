import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { subscribe } from "./appsync";
import { ended, type Job, type JobLine } from "./client";
import { type Config, config } from "./config";
import { queries } from "./queries";

/** How often a job is asked for when nothing tells of its changes. */
const POLL_MS = 3_000;
/** How often one is that has ended: somebody else may resume it. */
const ENDED_MS = 10_000;
/** Results are read again at most so often while a job runs. */
const RESULTS_MS = 1_500;

/** A job that stays fresh while this page is looked at. `live` is false while changes are only polled for. */
export function useLiveJob(jobId: string) {
  const client = useQueryClient();
  const [live, setLive] = useState(true);
  const running = useQuery({ ...queries.job(jobId), select: (job) => !ended(job.state) }).data ?? true;
  const visible = useVisible(); // a hidden page holds no connection: browsers allow six to a server
  useEffect(() => {
    if (!running || !visible) return undefined;
    const told = tellResults(client, jobId);
    let stop = () => {};
    let left = false;
    void config()
      .then((found) => {
        if (left) return;
        stop = listen(found.live, jobId, setLive, {
          line: (line) => {
            const { queryKey } = queries.job(jobId);
            const before = client.getQueryData<Job>(queryKey);
            client.setQueryData<Job>(queryKey, (old) => (old ? { ...old, ...line } : old));
            // Once its items are listed a job has a plan, which is not told of.
            if (before?.plan === null && line.progress.batches > 0) void client.invalidateQueries({ queryKey });
            if (ended(line.state)) void client.invalidateQueries({ queryKey: ["jobs"] });
            else told();
          },
          hint: () => {
            void client.invalidateQueries({ queryKey: queries.job(jobId).queryKey });
            told();
          },
        });
      })
      .catch(() => setLive(false));
    return () => {
      left = true;
      stop();
    };
  }, [client, jobId, running, visible]);
  const wait = running ? (live ? 30_000 : POLL_MS) : ENDED_MS;
  const job = useQuery({ ...queries.job(jobId), refetchInterval: visible ? wait : false });
  return { ...job, live };
}

interface Told {
  /** The job as it is now. */
  line: (line: JobLine) => void;
  /** Something has changed. */
  hint: () => void;
}

function listen(live: Config["live"], jobId: string, setLive: (live: boolean) => void, told: Told): () => void {
  if (live.kind === "appsync") {
    return subscribe(live, setLive, (event) => {
      if (event.job_id === jobId) told.hint();
    });
  }
  const source = new EventSource(`/api/jobs/${encodeURIComponent(jobId)}/events`);
  source.onopen = () => setLive(true);
  source.onerror = () => setLive(false); // it connects again by itself; until then the job is polled for
  source.addEventListener("job", (event) => {
    const line = JSON.parse(event.data) as JobLine;
    told.line(line);
    if (ended(line.state)) source.close();
  });
  source.addEventListener("problem", () => source.close());
  return () => source.close();
}

/** Has results of a job read again, but not with every batch. */
function tellResults(client: QueryClient, jobId: string): () => void {
  let next = 0;
  return () => {
    const now = Date.now();
    if (now < next - RESULTS_MS) return; // it will be read once more when the last wait is over
    const wait = Math.max(0, next - now);
    next = now + wait + RESULTS_MS;
    setTimeout(() => void client.invalidateQueries({ queryKey: ["jobs", "results", jobId] }), wait);
  };
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return visible;
}
