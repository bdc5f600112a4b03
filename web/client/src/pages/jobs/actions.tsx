import { List, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { answer, api, type JobLine } from "../../api/client";
import { counted } from "../../format";

export type Action = "cancel" | "resume" | "remove";

const WORDS: Record<Action, { verb: string; done: string; explained: string; color: string }> = {
  cancel: {
    verb: "Cancel",
    done: "cancelled",
    explained: "What was found so far is kept, and it can be resumed.",
    color: "orange",
  },
  resume: { verb: "Resume", done: "resumed", explained: "Only what is missing is run.", color: "sky" },
  remove: {
    verb: "Delete",
    done: "deleted",
    explained: "Its record, its results and all its files are removed. This cannot be undone.",
    color: "red",
  },
};
const NAMED = 8;

const CALLS: Record<Action, (job_id: string) => Promise<unknown>> = {
  cancel: (job_id) => answer(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id } } })),
  resume: (job_id) => answer(api.POST("/api/jobs/{job_id}/resume", { params: { path: { job_id } } })),
  remove: (job_id) => api.DELETE("/api/jobs/{job_id}", { params: { path: { job_id } } }),
};

export function nameOf(job: Pick<JobLine, "name" | "job_id">): string {
  return job.name ?? job.job_id;
}

/** Does something with jobs, after asking where it cannot simply be undone; says what did not work, of which job. */
export function useActions(done: (jobs: readonly JobLine[]) => void) {
  const client = useQueryClient();
  const act = async (action: Action, jobs: readonly JobLine[]) => {
    const outcomes = await Promise.allSettled(jobs.map((job) => CALLS[action](job.job_id)));
    const worked = jobs.filter((_, index) => outcomes[index]?.status === "fulfilled");
    for (const job of action === "remove" ? worked : [])
      client.removeQueries({ queryKey: ["jobs", "one", job.job_id] });
    for (const [index, outcome] of outcomes.entries()) {
      const job = jobs[index];
      if (outcome.status === "fulfilled" || job === undefined) continue;
      const why = outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason);
      notifications.show({
        color: "red",
        title: `${nameOf(job)} was not ${WORDS[action].done}`,
        message: why,
        autoClose: false,
      });
    }
    await client.invalidateQueries({ queryKey: ["jobs"] });
    if (worked.length > 0) {
      const what = worked.length === 1 && worked[0] ? nameOf(worked[0]) : counted(worked.length, "job");
      notifications.show({ message: `${what}: ${WORDS[action].done}` });
      done(worked);
    }
  };
  return (action: Action, jobs: readonly JobLine[]) => {
    if (action === "resume") {
      void act(action, jobs);
      return;
    }
    const { verb, explained, color } = WORDS[action];
    const [first] = jobs;
    modals.openConfirmModal({
      title: `${verb} ${jobs.length === 1 && first ? nameOf(first) : counted(jobs.length, "job")}`,
      children: (
        <>
          {jobs.length > 1 && (
            <List size="sm" mb="sm">
              {jobs.slice(0, NAMED).map((job) => (
                <List.Item key={job.job_id} style={{ overflowWrap: "anywhere" }}>
                  {nameOf(job)}
                </List.Item>
              ))}
              {jobs.length > NAMED && <List.Item>and {jobs.length - NAMED} more</List.Item>}
            </List>
          )}
          <Text size="sm">{explained}</Text>
        </>
      ),
      labels: { confirm: verb, cancel: "Back" },
      confirmProps: { color, variant: "light" },
      onConfirm: () => void act(action, jobs),
    });
  };
}
