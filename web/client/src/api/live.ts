import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { subscribe } from "./appsync";
import { ended, type Job, type JobLine } from "./client";
import { type Config, config } from "./config";
import { useShutOut } from "./entry";
import { isGone } from "./problem";
import { queries } from "./queries";

/** How often a job is asked for when nothing tells of its changes. */
const POLL_MS = 3_000;
/** How often one is that has ended: somebody else may resume it. */
const ENDED_MS = 10_000;
/** A connection that the server refused, or on which it said that it cannot tell of the job, is tried again after so long. */
const REFUSED_MS = 15_000;
/** How often a job is asked for that runs while another tab is looked at: the title of this one says how far it is. */
const HIDDEN_MS = 10_000;
/** Results are read again at most so often while a job runs. */
const RESULTS_MS = 1_500;

/** A job that is not there is not asked for again: ids are given once. */
const UNLESS_GONE = {
  refetchOnWindowFocus: ({ state }: { state: { error: unknown } }) => !isGone(state.error),
};

/** A job that stays fresh while this page is looked at. `live` is false while changes are only polled for. */
export function useLiveJob(jobId: string) {
  const client = useQueryClient();
  const [live, setLive] = useState(true);
  const { data: known, error } = useQuery({
    ...queries.job(jobId),
    select: (job) => !ended(job.state),
    ...UNLESS_GONE,
  });
  const running = !isGone(error) && (known ?? true);
  useEnd(jobId, known);
  const out = useShutOut();
  const visible = useVisible(); // a hidden page holds no connection: browsers allow six to a server
  useEffect(() => {
    if (!running || !visible || out) return undefined;
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
            if (!ended(line.state)) told();
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
  }, [client, jobId, running, visible, out]);
  const wait = running ? (live ? 30_000 : POLL_MS) : ENDED_MS;
  const job = useQuery({
    ...queries.job(jobId),
    refetchInterval: ({ state }) => !isGone(state.error) && (visible ? wait : running && HIDDEN_MS),
    refetchIntervalInBackground: true,
    ...UNLESS_GONE,
  });
  return { ...job, live: live || out }; // who is shut out is told so by the frame of the page
}

/** Has everything about a job read again when it has ended, however this page came to know of that. */
function useEnd(jobId: string, running: boolean | undefined): void {
  const client = useQueryClient();
  const ran = useRef<string | null>(null);
  useEffect(() => {
    if (running === false && ran.current === jobId) void client.invalidateQueries({ queryKey: ["jobs"] });
    if (running !== undefined) ran.current = running ? jobId : null;
  }, [client, jobId, running]);
}

interface Told {
  /** The job as it is now. */
  line: (line: JobLine) => void;
  /** Something has changed. */
  hint: () => void;
}

/** Hear of a job until the returned function is called. While `setLive` was last told false, it has to be polled for. */
export function listen(live: Config["live"], jobId: string, setLive: (live: boolean) => void, told: Told): () => void {
  if (live.kind === "appsync") {
    const connected = (now: boolean) => {
      setLive(now);
      if (now) told.hint(); // of what changed before, nobody told
    };
    return subscribe(live, connected, (event) => {
      if (event.job_id === jobId) told.hint();
    });
  }
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  const lost = () => {
    source.close();
    setLive(false);
    again = setTimeout(open, REFUSED_MS);
  };
  const open = () => {
    source = new EventSource(`/api/jobs/${encodeURIComponent(jobId)}/events`);
    source.onopen = () => setLive(true);
    source.onerror = () => {
      // A lost connection is made again by the browser, one that was refused is not.
      if (source.readyState === EventSource.CLOSED) lost();
      else setLive(false);
    };
    source.addEventListener("job", (event) => {
      const line = JSON.parse(event.data) as JobLine;
      told.line(line);
      if (ended(line.state)) source.close();
    });
    source.addEventListener("problem", lost);
  };
  open();
  return () => {
    clearTimeout(again);
    source.close();
  };
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
