import { Button, Checkbox, Group, Loader, MultiSelect, Select, Stack, Text } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { type Analysis, ended, type JobLine, type JobState } from "../../api/client";
import { jobsQuery } from "../../api/jobsQuery";
import { queries } from "../../api/queries";
import { Nothing, ProblemAlert } from "../../components/Feedback";
import { PageTitle } from "../../components/PageTitle";
import { SearchField } from "../../components/SearchField";
import { counted } from "../../format";
import { searchesByMask } from "../analyses/kinds";
import { type Action, useActions } from "./actions";
import { type Filters, filtersOf, isFiltered, possible, STATES, searchOf } from "./filters";
import { JobRow } from "./JobRow";
import classes from "./JobsPage.module.css";

/** All jobs, newest first. */
export function JobsPage() {
  const [search, setSearch] = useSearchParams();
  const filters = filtersOf(search);
  const { data: analyses = [] } = useQuery(queries.analyses);
  const jobs = useInfiniteQuery(jobsQuery(filters));
  const found = jobs.data?.pages.flatMap((page) => page.jobs) ?? [];
  const set = (change: Partial<Filters>) => setSearch(searchOf({ ...filters, ...change }), { replace: true });
  // What filters have left is no answer to whether there are jobs at all.
  const unknown = jobs.isPlaceholderData && found.length === 0 && !isFiltered(filters);
  return (
    <>
      <PageTitle title="Jobs">
        <Group gap="xs">
          <Button component={Link} to="/analyses" variant="default" size="sm">
            New job
          </Button>
          <Button component={Link} to="/search" size="sm">
            New search
          </Button>
        </Group>
      </PageTitle>
      <Stack gap="md">
        <FilterBar filters={filters} analyses={analyses} onChange={set} />
        {jobs.error !== null && jobs.data === undefined ? (
          <ProblemAlert error={jobs.error} retry={() => void jobs.refetch()} />
        ) : jobs.isPending || unknown ? (
          <Loader aria-label="Loading" m="xl" />
        ) : found.length === 0 ? (
          <Empty
            filtered={isFiltered(filters)}
            more={jobs.hasNextPage}
            onClear={() => setSearch({}, { replace: true })}
          />
        ) : (
          <Jobs jobs={found} analyses={analyses} />
        )}
        {jobs.isFetchNextPageError && jobs.error !== null && (
          <ProblemAlert title="No more jobs could be loaded" error={jobs.error} />
        )}
        {jobs.hasNextPage && (
          <Group justify="center">
            <Button variant="default" loading={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
              Load more
            </Button>
          </Group>
        )}
      </Stack>
    </>
  );
}

interface FilterBarProps {
  filters: Filters;
  analyses: readonly Analysis[];
  onChange: (change: Partial<Filters>) => void;
}

function FilterBar({ filters, analyses, onChange }: FilterBarProps) {
  const [text, setText] = useState(filters.name);
  const search = useDebouncedCallback((name: string) => onChange({ name }), 250);
  // Somebody went back, or cleared the filters.
  useEffect(() => setText(filters.name), [filters.name]);
  const names = [
    ...new Set([...analyses.map((one) => one.name), ...(filters.analysis === null ? [] : [filters.analysis])]),
  ];
  return (
    <Group gap="xs">
      <SearchField
        label="Search jobs"
        placeholder="Name or id"
        value={text}
        onChange={(name) => {
          setText(name);
          search(name);
        }}
        style={{ flexGrow: 1, minWidth: 180 }}
      />
      <MultiSelect
        aria-label="States"
        placeholder={filters.states.length === 0 ? "Any state" : ""}
        data={STATES}
        value={filters.states}
        onChange={(states) => onChange({ states: states as JobState[] })}
        clearable
        style={{ flexGrow: 1, minWidth: 180, maxWidth: 360 }}
      />
      <Select
        aria-label="Analysis"
        placeholder="Any analysis"
        data={names}
        value={filters.analysis}
        onChange={(analysis) => onChange({ analysis })}
        clearable
        searchable
        style={{ flexGrow: 1, minWidth: 180, maxWidth: 280 }}
      />
    </Group>
  );
}

function Empty({ filtered, more, onClear }: { filtered: boolean; more: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <Nothing title={more ? "None of the newest jobs matches" : "No job matches"}>
        <Button variant="default" onClick={onClear}>
          Show all jobs
        </Button>
      </Nothing>
    );
  }
  return (
    <Nothing title="There are no jobs yet">
      <Text size="sm" ta="center">
        Search a library with an image, or choose an analysis and give it your data. Jobs of the command line are here,
        too.
      </Text>
      <Group>
        <Button component={Link} to="/search">
          New search
        </Button>
        <Button component={Link} to="/analyses" variant="default">
          Choose an analysis
        </Button>
      </Group>
    </Nothing>
  );
}

function Jobs({ jobs, analyses }: { jobs: readonly JobLine[]; analyses: readonly Analysis[] }) {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const chosen = jobs.filter((job) => keys.has(job.job_id));
  const act = useActions((done) => {
    const gone = new Set(done.map((job) => job.job_id));
    setKeys((old) => new Set([...old].filter((key) => !gone.has(key))));
  });
  const searches = new Set(analyses.filter(searchesByMask).map((one) => one.name));
  const choose = (job: JobLine, on: boolean) =>
    setKeys((old) => {
      const next = new Set(old);
      if (on) next.add(job.job_id);
      else next.delete(job.job_id);
      return next;
    });
  const running = jobs.filter((job) => !ended(job.state) && !job.interrupted).length;
  return (
    <Stack gap="xs">
      <Group justify="space-between" className={classes.bar ?? ""} gap="xs">
        <Group gap="sm">
          <Checkbox
            aria-label="Choose all jobs that are shown"
            checked={chosen.length === jobs.length}
            indeterminate={chosen.length > 0 && chosen.length < jobs.length}
            onChange={(event) =>
              setKeys(event.currentTarget.checked ? new Set(jobs.map((job) => job.job_id)) : new Set())
            }
          />
          <Text size="sm" aria-live="polite">
            {chosen.length > 0
              ? `${counted(chosen.length, "job")} chosen`
              : `${counted(jobs.length, "job")} shown${running > 0 ? `, ${running} running` : ""}`}
          </Text>
        </Group>
        <Group gap="xs">
          <Many label="Cancel" action="cancel" jobs={chosen.filter((job) => possible(job).cancel)} act={act} />
          <Many label="Resume" action="resume" jobs={chosen.filter((job) => possible(job).resume)} act={act} />
          <Many label="Delete" action="remove" jobs={chosen.filter((job) => possible(job).remove)} act={act} />
        </Group>
      </Group>
      <ul className={classes.list} aria-label="Jobs">
        {jobs.map((job) => (
          <JobRow
            key={job.job_id}
            job={job}
            search={searches.has(job.analysis)}
            chosen={keys.has(job.job_id)}
            onChoose={(on) => choose(job, on)}
            onAct={(action) => act(action, [job])}
          />
        ))}
      </ul>
    </Stack>
  );
}

interface ManyProps {
  label: string;
  action: Action;
  jobs: JobLine[];
  act: (action: Action, jobs: readonly JobLine[]) => void;
}

/** Something that is done with several jobs at once: those of the chosen ones with which it can be. */
function Many({ label, action, jobs, act }: ManyProps) {
  if (jobs.length === 0) return null;
  return (
    <Button
      size="compact-sm"
      variant={action === "remove" ? "light" : "default"}
      {...(action === "remove" ? { color: "red" } : {})}
      onClick={() => act(action, jobs)}
    >
      {label} {jobs.length}
    </Button>
  );
}
