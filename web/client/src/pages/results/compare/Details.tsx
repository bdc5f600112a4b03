import { Button, Checkbox, Group, Stack, Text } from "@mantine/core";
import { IconDownload, IconSearch } from "@tabler/icons-react";
import { Link } from "react-router";
import { count } from "../../../format";
import { facts, type Match } from "../match";
import { searchPath } from "../pictures";
import classes from "./Comparison.module.css";

interface DetailsProps {
  jobId: string;
  match: Match;
  selected: boolean;
  select: (on: boolean) => void;
  download: () => void;
}

/** What is known of a match, and what can be done with it. */
export function Details({ jobId, match, selected, select, download }: DetailsProps) {
  return (
    <Stack gap="sm" className={classes.details ?? ""}>
      <Group gap="md" wrap="nowrap">
        <div>
          <Text size="xs" c="dimmed">
            Score
          </Text>
          <Text fw={700} size="xl" lh={1.1}>
            {count(match.score)}
          </Text>
        </div>
        <Checkbox
          label="Selected"
          checked={selected}
          onChange={(event) => select(event.currentTarget.checked)}
          ml="auto"
        />
      </Group>
      <Group gap="xs">
        <Button
          size="xs"
          variant="light"
          component={Link}
          to={searchPath(jobId, match.key)}
          leftSection={<IconSearch size={14} aria-hidden />}
        >
          Search with this one
        </Button>
        <Button size="xs" variant="default" leftSection={<IconDownload size={14} aria-hidden />} onClick={download}>
          Download
        </Button>
      </Group>
      <dl className={classes.facts}>
        {facts(match).map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
    </Stack>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
