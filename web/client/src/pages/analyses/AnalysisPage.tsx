import { Alert, Anchor, Badge, Button, Center, Group, Loader, Stack, Text } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearchParams } from "react-router";
import type { Analysis } from "../../api/client";
import { queries } from "../../api/queries";
import { Found, ProblemAlert } from "../../components/Feedback";
import { PageTitle } from "../../components/PageTitle";
import { HowToUse } from "./HowToUse";
import { searchesByMask, sentence } from "./kinds";
import { RecentJobs } from "./RecentJobs";
import { repeated } from "./start/draft";
import { StartForm } from "./start/StartForm";

/** One analysis: what it does, a new job of it, and its earlier ones. */
export function AnalysisPage() {
  const { name = "" } = useParams();
  const analysis = useQuery(queries.analysis(name));
  return (
    <Found query={analysis}>
      {(found) => (
        <>
          <PageTitle title={found.title || found.name}>
            <Badge variant="default" tt="none">
              {found.name} {found.version}
            </Badge>
          </PageTitle>
          <Stack gap="lg">
            <About analysis={found} />
            {found.refused != null ? (
              <Alert color="orange" variant="light" title="You may not run it">
                {found.refused}
              </Alert>
            ) : searchesByMask(found) ? (
              <ToSearch analysis={found.name} />
            ) : (
              <Start key={found.name} analysis={found} />
            )}
            <RecentJobs analysis={found.name} />
          </Stack>
        </>
      )}
    </Found>
  );
}

function About({ analysis }: { analysis: Analysis }) {
  return (
    <Stack gap="xs" maw={820}>
      <Text>{analysis.description}</Text>
      {Object.keys(analysis.links).length > 0 && (
        <Group gap="md" component="ul" aria-label="Links" p={0} m={0} style={{ listStyle: "none" }}>
          {Object.entries(analysis.links).map(([name, url]) => (
            <li key={name}>
              <Anchor href={url} target="_blank" rel="noopener noreferrer" size="sm" underline="always">
                {name}
              </Anchor>
            </li>
          ))}
        </Group>
      )}
      <Text size="sm" c="dimmed">
        {sentence(analysis.compute)}.
        {analysis.next.length > 0 && (
          <>
            {" "}
            Followed by{" "}
            {analysis.next.map((name, index) => (
              <span key={name}>
                {index > 0 && ", "}
                <Anchor component={Link} to={`/analyses/${encodeURIComponent(name)}`} size="sm" underline="always">
                  {name}
                </Anchor>
              </span>
            ))}
            .
          </>
        )}
      </Text>
      <HowToUse analysis={analysis} />
    </Stack>
  );
}

function ToSearch({ analysis }: { analysis: string }) {
  return (
    <Group>
      <Button
        component={Link}
        to={`/search?${new URLSearchParams({ analysis })}`}
        leftSection={<IconSearch size={18} aria-hidden />}
      >
        New search
      </Button>
    </Group>
  );
}

/** The form; filled from an earlier job where the address names one. */
function Start({ analysis }: { analysis: Analysis }) {
  const [search] = useSearchParams();
  const before = search.get("repeat");
  const { data: job, error, refetch } = useQuery({ ...queries.job(before ?? ""), enabled: before !== null });
  if (before === null) return <StartForm analysis={analysis} again={null} />;
  // Until the job is here there is no form: what was entered would be overwritten.
  if (error !== null && job === undefined) {
    return (
      <>
        <ProblemAlert title="The earlier job cannot be read" error={error} retry={() => void refetch()} />
        <Group>
          <Button component={Link} to={`/analyses/${encodeURIComponent(analysis.name)}`} variant="default">
            Begin without it
          </Button>
        </Group>
      </>
    );
  }
  if (job === undefined) {
    return (
      <Center h={200}>
        <Loader aria-label="Loading the earlier job" />
      </Center>
    );
  }
  return (
    <>
      <Alert color="blue" variant="light" p="xs">
        As in{" "}
        <Anchor component={Link} to={`/jobs/${encodeURIComponent(job.job_id)}`} size="sm" underline="always">
          {job.name ?? job.job_id}
        </Anchor>
        . Change what you like; the earlier job stays as it is.
      </Alert>
      <StartForm
        key={job.job_id}
        analysis={analysis}
        again={{ repeated: repeated(job), items: job.specification.items }}
      />
    </>
  );
}
