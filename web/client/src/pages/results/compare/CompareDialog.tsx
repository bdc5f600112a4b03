import { Button, CloseButton, Group, Modal, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { Job } from "../../../api/client";
import { Nothing, ProblemAlert } from "../../../components/Feedback";
import { fetchBlob } from "../../../components/Picture";
import { count } from "../../../format";
import type { Source } from "../data";
import { safeName } from "../export/names";
import { save } from "../export/save";
import { compareAction, isOwned } from "../keys";
import type { Match } from "../match";
import type { Selection } from "../selection";
import { useBlink } from "./blink";
import classes from "./Comparison.module.css";
import { Controls } from "./Controls";
import { type Compared, choicesOf, type Pictured, pictured } from "./choices";
import { Details } from "./Details";
import { useKeys, useRegion } from "./hooks";
import { type Shown, useByKey, useNeighbours } from "./neighbours";
import { Panes } from "./Panes";
import { type Place, stepped, WHOLE, zoomedBy } from "./region";
import { type Comparison, withPanes } from "./state";

interface CompareDialogProps {
  job: Job;
  mask: number;
  source: Source;
  total: number;
  shown: Shown | null;
  comparison: Comparison;
  /** Another comparison; null for back to the list. */
  change: (next: Comparison | null) => void;
  selection: Selection;
  shape: number;
  help: () => void;
  helpOpen: boolean;
}

/** A match beside the mask, over the list; the keys and buttons go through the list. */
export function CompareDialog(props: CompareDialogProps) {
  const { comparison, change, source, total, shown } = props;
  const near = useNeighbours(source, total, shown, comparison.key, comparison.nth);
  const go = (to: Match | undefined, by: number) => {
    if (to !== undefined) {
      change({ ...comparison, key: to.key, nth: (near.index ?? comparison.nth - 1) + by + 1, mirror: null });
    }
  };
  const previous = () => go(near.previous, -1);
  const next = () => go(near.next, 1);
  return (
    <Modal
      opened
      onClose={() => change(null)}
      fullScreen
      withCloseButton={false}
      padding={0}
      returnFocus={false}
      closeOnEscape={!props.helpOpen}
      trapFocus={!props.helpOpen}
      transitionProps={{ duration: 0 }}
      attributes={{ content: { "aria-label": "Comparison" } }}
    >
      <div className={classes.content}>
        <Group justify="space-between" wrap="nowrap" px="md" pt="xs" gap="sm">
          <Text fw={600} truncate component="h2" aria-live="polite">
            {near.match?.line ?? "Match"}
            <Text span c="dimmed" size="sm" ml={8}>
              {near.index === null
                ? "not in the list as it is filtered"
                : `${count(near.index + 1)} of ${count(total)}`}
            </Text>
          </Text>
          <Group gap={6} wrap="nowrap">
            <Step label="Previous" disabled={near.previous === undefined} onClick={previous}>
              <IconChevronLeft size={18} />
            </Step>
            <Step label="Next" disabled={near.next === undefined} onClick={next}>
              <IconChevronRight size={18} />
            </Step>
            <CloseButton aria-label="Close the comparison" data-autofocus onClick={() => change(null)} />
          </Group>
        </Group>
        {near.match !== undefined ? (
          <Body {...props} match={near.match} previous={previous} next={next} />
        ) : near.error !== null ? (
          <ProblemAlert error={near.error} />
        ) : (
          !near.pending && <Nothing title="There is no such match" />
        )}
      </div>
    </Modal>
  );
}

interface StepProps {
  label: string;
  disabled: boolean;
  onClick: () => void;
  children: ReactNode;
}

function Step({ label, disabled, onClick, children }: StepProps) {
  // It stays focusable at the end of the list, so that the focus is not lost there.
  return (
    <Button
      size="xs"
      px={8}
      variant="default"
      aria-label={`${label} match`}
      aria-disabled={disabled}
      {...(disabled ? { "data-disabled": true } : {})}
      onClick={onClick}
    >
      {children}
    </Button>
  );
}

type BodyProps = CompareDialogProps & { match: Match; previous: () => void; next: () => void };

function Body(props: BodyProps) {
  const { job, mask, source, comparison, change, selection, shape, match, help } = props;
  const [region, setRegion] = useRegion(comparison, change);
  const [cross, setCross] = useState<Place | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const blinking = useBlink(comparison.mode === "blink", comparison.rate);
  const { chosen } = selection;
  const also = comparison.panes.filter((pane) => pane.startsWith("also:")).map((pane) => pane.slice("also:".length));
  const asked = useByKey(
    source,
    also.filter((key) => !chosen.has(key)),
  );
  const compared: Compared = {
    jobId: job.job_id,
    mask,
    match,
    others: new Map([...chosen, ...asked.matches]),
    mirror: comparison.mirror,
  };
  const negative = typeof job.parameters.negative_mask === "string";
  const mirrored = comparison.mirror ?? match.mirrored;
  const set = (part: Partial<Comparison>) => change({ ...comparison, ...part });
  const setPanes = (wanted: number) => {
    const choices = choicesOf(compared, negative).map(({ value }) => value);
    set({ mode: "side", panes: withPanes(comparison.panes, wanted, choices) });
  };
  const zoomBy = (factor: number) => setRegion((now) => zoomedBy(now, factor));
  const download = (picture: Pictured) => {
    setProblem(null);
    fetchBlob(picture.path).then((file) => save(`${safeName(picture.name)}.png`, file), setProblem);
  };
  const select = (on: boolean) => selection.put([match], on);

  const pressed = (event: KeyboardEvent) => {
    if (props.helpOpen || isOwned(event.target, event.key)) return;
    const action = compareAction(event);
    if (action === null) return;
    event.preventDefault();
    if (typeof action === "object") {
      if ("panes" in action) setPanes(action.panes);
      else setRegion((now) => stepped(now, ...action.pan));
      return;
    }
    const does = {
      previous: props.previous,
      next: props.next,
      in: () => zoomBy(1.5),
      out: () => zoomBy(1 / 1.5),
      whole: () => setRegion(() => WHOLE),
      mirror: () => set({ mirror: !mirrored }),
      side: () => set({ mode: "side" }),
      overlay: () => set({ mode: "overlay" }),
      blink: () => set({ mode: "blink" }),
      swap: blinking.swap,
      select: () => select(!chosen.has(match.key)),
      help,
    };
    does[action]();
  };
  useKeys(pressed);

  return (
    <div className={classes.body}>
      <Controls
        comparison={comparison}
        mirrored={mirrored}
        blinking={blinking}
        zoom={region.zoom}
        set={set}
        setPanes={setPanes}
        zoomBy={zoomBy}
        whole={() => setRegion(() => WHOLE)}
        help={help}
      />
      {problem !== null && <ProblemAlert error={problem} title="The image could not be downloaded" />}
      <div className={classes.split}>
        <Panes
          comparison={comparison}
          compared={compared}
          negative={negative}
          shape={shape}
          second={blinking.second}
          region={region}
          onRegion={setRegion}
          cross={cross}
          onCross={setCross}
          choose={(pane, choice) => set({ panes: comparison.panes.map((one, at) => (at === pane ? choice : one)) })}
          download={download}
        />
        <Details
          jobId={job.job_id}
          match={match}
          selected={chosen.has(match.key)}
          select={select}
          download={() => {
            const picture = pictured("match", compared);
            if (picture !== null) download(picture);
          }}
        />
      </div>
    </div>
  );
}
