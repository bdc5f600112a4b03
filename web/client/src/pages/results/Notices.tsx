import { Alert, Anchor, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import type { Job } from "../../api/client";
import { Nothing } from "../../components/Feedback";
import { count, counted } from "../../format";
import { explainNothing } from "./explain";
import type { Match } from "./match";
import { searchPath } from "./pictures";

const MOST_NAMED = 5;

interface Gap {
  first: number;
  last: number;
  start: number;
  end: number;
  reason: string;
}

/** Which batches have no results, and why: what is below may not be all that there is. */
export function MissingNotice({ job }: { job: Job }) {
  const gaps = job.missing as unknown as Gap[];
  if (gaps.length === 0) return null;
  const batches = gaps.reduce((sum, gap) => sum + gap.last - gap.first + 1, 0);
  const items = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
  return (
    <Alert
      color="yellow"
      icon={<IconAlertTriangle aria-hidden />}
      title={`${counted(batches, "batch", "batches")} of ${count(job.progress.batches)} ${batches === 1 ? "is" : "are"} missing: ${counted(items, "image")} ${items === 1 ? "was" : "were"} not searched`}
      mb="md"
    >
      <List size="sm" spacing={2}>
        {gaps.slice(0, MOST_NAMED).map((gap) => (
          <List.Item key={gap.first} style={{ overflowWrap: "anywhere" }}>
            {gap.first === gap.last ? `Batch ${gap.first}` : `Batches ${gap.first} to ${gap.last}`}: {gap.reason}
          </List.Item>
        ))}
      </List>
      {gaps.length > MOST_NAMED && <Text size="sm">and {count(gaps.length - MOST_NAMED)} more</Text>}
      <Anchor component={Link} to="?tab=progress" size="sm">
        All batches, with their reasons
      </Anchor>
    </Alert>
  );
}

/** Why there is no match at all. */
export function NoMatches({ job }: { job: Job }) {
  const { done, tries } = explainNothing(job);
  return (
    <Nothing title="No image matches">
      <Text size="sm" ta="center">
        {done}
      </Text>
      {tries.length > 0 && (
        <>
          <Text size="sm" fw={600} mt="sm">
            What may find more
          </Text>
          <List size="sm" spacing={4}>
            {tries.map((one) => (
              <List.Item key={one}>{one}</List.Item>
            ))}
          </List>
        </>
      )}
      <Anchor component={Link} to={searchPath(job.job_id)} size="sm" mt="sm">
        Search again with other parameters
      </Anchor>
    </Nothing>
  );
}

const SPOKEN_MS = 8_000;

/** Tells screen readers now and then how far a list is that grows. */
export function Spoken({ matching, best }: { matching: number; best: Match | undefined }) {
  const line = matching === 0 ? "No match so far" : `${counted(matching, "match", "matches")} so far`;
  const text = best === undefined ? line : `${line}; the best is ${best.line} with a score of ${count(best.score)}`;
  const [said, setSaid] = useState("");
  const at = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, at.current + SPOKEN_MS - Date.now());
    const timer = setTimeout(() => {
      at.current = Date.now();
      setSaid(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}
