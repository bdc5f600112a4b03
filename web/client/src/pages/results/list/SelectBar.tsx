import { Button, Checkbox, Group, Text } from "@mantine/core";
import { IconColumns2 } from "@tabler/icons-react";
import { useState } from "react";
import { ProblemAlert } from "../../../components/Feedback";
import { count } from "../../../format";
import type { Match } from "../match";
import type { Selection } from "../selection";

interface SelectBarProps {
  /** Those of the page; none where all are scrolled through. */
  matches: readonly Match[];
  matching: number;
  selection: Selection;
  /** Reads all matches that the filters leave. */
  all: () => Promise<Match[]>;
  compare: () => void;
}

/** How many are selected, and all or none at once. */
export function SelectBar({ matches, matching, selection, all, compare }: SelectBarProps) {
  const { chosen, put, clear } = selection;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const on = matches.filter((match) => chosen.has(match.key)).length;
  const selectAll = () => {
    setBusy(true);
    setProblem(null);
    all()
      .then((found) => put(found, true), setProblem)
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Group gap="xs" mih={30}>
        {matches.length > 0 && (
          <Checkbox
            size="xs"
            label="This page"
            checked={on === matches.length}
            indeterminate={on > 0 && on < matches.length}
            onChange={(event) => put(matches, event.currentTarget.checked)}
            mr="xs"
          />
        )}
        <Button size="compact-xs" variant="subtle" loading={busy} disabled={matching === 0} onClick={selectAll}>
          Select all {count(matching)}
        </Button>
        <Button size="compact-xs" variant="subtle" disabled={chosen.size === 0} onClick={clear}>
          None
        </Button>
        <Text size="sm" role="status" {...(chosen.size === 0 ? { c: "dimmed" } : {})}>
          {count(chosen.size)} selected
        </Text>
        {chosen.size > 0 && (
          <Button
            size="compact-xs"
            variant="light"
            leftSection={<IconColumns2 size={14} aria-hidden />}
            onClick={compare}
          >
            Compare {chosen.size === 1 ? "it" : "them"}
          </Button>
        )}
      </Group>
      {problem !== null && <ProblemAlert title="Not all could be selected" error={problem} retry={selectAll} />}
    </>
  );
}
