import { Button, Group, Stack, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconPlayerPlay, IconRefresh, IconSquare, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, useNavigate } from "react-router";
import { answer, api, ended, type Job } from "../../api/client";
import { queries } from "../../api/queries";
import { ProblemAlert } from "../../components/Feedback";

const RESUMABLE = ["PARTIAL", "FAILED", "TIMED_OUT", "CANCELLED"];

/** What can be done with a job as it stands. */
export function JobActions({ job }: { job: Job }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const params = { path: { job_id: job.job_id } };
  const changed = { onSettled: () => client.invalidateQueries({ queryKey: ["jobs"] }) };
  const cancel = useMutation({
    mutationFn: () => answer(api.POST("/api/jobs/{job_id}/cancel", { params })),
    ...changed,
  });
  const resume = useMutation({
    mutationFn: () => answer(api.POST("/api/jobs/{job_id}/resume", { params })),
    ...changed,
  });
  const remove = useMutation({
    mutationFn: () => api.DELETE("/api/jobs/{job_id}", { params }),
    onSuccess: () => {
      void navigate("/jobs");
      client.removeQueries({ queryKey: queries.job(job.job_id).queryKey });
      void client.invalidateQueries({ queryKey: ["jobs", "list"] });
    },
  });
  const kind = useQuery(queries.analyses).data?.find((one) => one.name === job.analysis)?.kind;
  const repeat = kind === "search" ? `/search?repeat=${job.job_id}` : `/analyses/${job.analysis}?repeat=${job.job_id}`;
  const over = ended(job.state);
  const { reset } = cancel;
  useEffect(() => {
    if (over) reset(); // it may be resumed, and cancelled again
  }, [over, reset]);
  const error = cancel.error ?? resume.error ?? remove.error;
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {!over && (
          <Button
            size="xs"
            variant="light"
            color="red"
            leftSection={<IconSquare size={14} aria-hidden />}
            loading={cancel.isPending}
            disabled={cancel.isSuccess}
            onClick={() => cancel.mutate()}
          >
            {cancel.isSuccess ? "Cancelling" : "Cancel"}
          </Button>
        )}
        {(job.interrupted || RESUMABLE.includes(job.state)) && (
          <Button
            size="xs"
            variant="light"
            leftSection={<IconPlayerPlay size={14} aria-hidden />}
            loading={resume.isPending}
            title="Run only what is missing"
            onClick={() => resume.mutate()}
          >
            Resume
          </Button>
        )}
        {kind !== undefined && (
          <Button
            size="xs"
            variant="default"
            component={Link}
            to={repeat}
            leftSection={<IconRefresh size={14} aria-hidden />}
          >
            Repeat with changes
          </Button>
        )}
        {over && (
          <Button
            size="xs"
            variant="subtle"
            color="red"
            leftSection={<IconTrash size={14} aria-hidden />}
            loading={remove.isPending}
            onClick={() => confirmRemoval(job, () => remove.mutate())}
          >
            Delete
          </Button>
        )}
      </Group>
      {error !== null && <ProblemAlert error={error} />}
    </Stack>
  );
}

function confirmRemoval(job: Job, remove: () => void): void {
  modals.openConfirmModal({
    title: "Delete this job?",
    children: (
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {job.name ?? job.job_id}, with its results and files. This cannot be undone.
      </Text>
    ),
    labels: { confirm: "Delete it", cancel: "Keep it" },
    confirmProps: { color: "red", variant: "light" },
    onConfirm: remove,
  });
}
