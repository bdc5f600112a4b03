import { ActionIcon, Anchor, Checkbox, Menu, Progress, Text } from "@mantine/core";
import { IconDots, IconPlayerPlay, IconPlayerStop, IconRepeat, IconTrash } from "@tabler/icons-react";
import { Link } from "react-router";
import { ended, type JobLine } from "../../api/client";
import { StateBadge } from "../../components/Feedback";
import { ago, count, counted, duration, moment, percent } from "../../format";
import { type Action, nameOf } from "./actions";
import { possible, repeatPath } from "./filters";
import classes from "./JobsPage.module.css";

interface JobRowProps {
  job: JobLine;
  /** Whether its analysis searches with a mask. */
  search: boolean;
  chosen: boolean;
  onChoose: (chosen: boolean) => void;
  onAct: (action: Action) => void;
}

/** A job in the list. */
export function JobRow({ job, search, chosen, onChoose, onAct }: JobRowProps) {
  const name = nameOf(job);
  return (
    <li className={`${classes.row} ${chosen ? classes.chosen : ""}`}>
      <Checkbox
        aria-label={`Choose ${name}`}
        checked={chosen}
        onChange={(event) => onChoose(event.currentTarget.checked)}
      />
      <div className={classes.name}>
        <Anchor
          component={Link}
          to={`/jobs/${encodeURIComponent(job.job_id)}`}
          fw={500}
          style={{ overflowWrap: "anywhere" }}
        >
          {name}
        </Anchor>
        {job.name !== null && (
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {job.job_id}
          </Text>
        )}
      </div>
      <div className={classes.analysis} style={{ overflowWrap: "anywhere" }}>
        <Text size="sm">{job.analysis}</Text>
        {job.libraries.length > 0 && (
          <Text size="xs" c="dimmed">
            in {job.libraries.join(", ")}
          </Text>
        )}
      </div>
      <span className={classes.state}>
        <StateBadge state={job.state} interrupted={job.interrupted} />
      </span>
      <div className={classes.progress}>
        <How job={job} />
      </div>
      <Text size="sm" c="dimmed" className={classes.when ?? ""} title={moment(job.created_at)}>
        {ago(job.created_at)}
      </Text>
      <div className={classes.menu}>
        <Actions job={job} search={search} onAct={onAct} />
      </div>
    </li>
  );
}

/** How far a job is; of one that has ended how long it took and what is missing. */
function How({ job }: { job: JobLine }) {
  const { progress } = job;
  if (!ended(job.state) && !job.interrupted) {
    const left = progress.seconds_left;
    return (
      <>
        <Progress value={progress.fraction * 100} aria-label={`Progress of ${nameOf(job)}`} />
        <Text size="xs" c="dimmed" style={{ fontVariantNumeric: "tabular-nums" }}>
          {progress.items === 0
            ? "not listed yet"
            : `${percent(progress.fraction)}, ${count(progress.items_done)} of ${count(progress.items)}`}
          {left !== null && left !== undefined && `, ${duration(left)} left`}
        </Text>
      </>
    );
  }
  const took =
    job.finished_at == null ? null : duration(Math.max(0, job.finished_at - (job.started_at ?? job.created_at)));
  const failed = progress.failed > 0 ? `${counted(progress.failed, "batch", "batches")} failed` : null;
  return (
    <Text size="sm" lineClamp={2} title={job.reason}>
      {[took, job.summary, failed].filter((one) => one !== null).join(", ")}
      {failed === null && job.state !== "SUCCEEDED" && job.reason !== "" && (
        <Text component="span" size="xs" c="dimmed">
          {took === null ? "" : " · "}
          {job.reason}
        </Text>
      )}
    </Text>
  );
}

function Actions({ job, search, onAct }: { job: JobLine; search: boolean; onAct: (action: Action) => void }) {
  const may = possible(job);
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What to do with ${nameOf(job)}`}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to={repeatPath(job, search)} leftSection={<IconRepeat size={16} aria-hidden />}>
          Repeat with changes
        </Menu.Item>
        {may.cancel && (
          <Menu.Item leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={() => onAct("cancel")}>
            Cancel
          </Menu.Item>
        )}
        {may.resume && (
          <Menu.Item leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => onAct("resume")}>
            Resume
          </Menu.Item>
        )}
        {may.remove && (
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => onAct("remove")}>
            Delete
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
