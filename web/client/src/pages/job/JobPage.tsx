import { Anchor, Tabs, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ComponentType, lazy, Suspense } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { type Analysis, ended, type Job } from "../../api/client";
import { useLiveJob } from "../../api/live";
import { isGone } from "../../api/problem";
import { queries } from "../../api/queries";
import { Found, WORDS } from "../../components/Feedback";
import { PageTitle } from "../../components/PageTitle";
import { percent } from "../../format";
import { JobHeader } from "./JobHeader";
import { ProgressPanel } from "./ProgressPanel";

const ResultsPanel = lazy(async () => ({ default: (await import("../results/ResultsPanel")).ResultsPanel }));
const DatasetsPanel = lazy(async () => ({ default: (await import("../analyses/DatasetsPanel")).DatasetsPanel }));
const FilesPanel = lazy(async () => ({ default: (await import("../analyses/FilesPanel")).FilesPanel }));
const CertificatePanel = lazy(async () => ({
  default: (await import("../analyses/CertificatePanel")).CertificatePanel,
}));
const TimelinePanel = lazy(async () => ({ default: (await import("../jobs/TimelinePanel")).TimelinePanel }));

/** A job: how far it is, what it found, its files, and how it ran. */
export function JobPage() {
  const { jobId = "" } = useParams();
  const job = useLiveJob(jobId);
  if (isGone(job.error)) return <Gone />;
  return <Found query={job}>{(found) => <Panels key={jobId} job={found} live={job.live} />}</Found>;
}

/** Somebody deleted the job, or its address is wrong. */
function Gone() {
  return (
    <>
      <PageTitle title="There is no such job (any more)" />
      <Text mb="md">It was deleted, perhaps in another tab, or the address is not right.</Text>
      <Anchor component={Link} to="/jobs">
        All jobs
      </Anchor>
    </>
  );
}

function Panels({ job, live }: { job: Job; live: boolean }) {
  const [search, setSearch] = useSearchParams();
  const kind = useQuery(queries.analyses).data?.find((one) => one.name === job.analysis)?.kind;
  const tabs = tabsOf(job, kind);
  const tab = search.get("tab") ?? tabs[0]?.value ?? "progress";
  const show = (next: string | null) =>
    setSearch((now) => {
      const written = new URLSearchParams(now); // filters and the like are there when one comes back
      if (next !== null) written.set("tab", next);
      return written;
    });
  return (
    <>
      <PageTitle title={job.name ?? job.job_id} before={howFar(job)} />
      <JobHeader job={job} live={live} />
      <Tabs value={tab} onChange={show} keepMounted={false} mt="md">
        <Tabs.List>
          {tabs.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(({ value, panel: Panel }) => (
          <Tabs.Panel key={value} value={value} pt="md">
            <Suspense>
              <Panel job={job} />
            </Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}

/** How far a job is, for the tab: how it ended, once it has. */
function howFar(job: Job): string {
  return job.state === "RUNNING" ? percent(job.progress.fraction) : WORDS[job.state];
}

interface Tab {
  value: string;
  label: string;
  panel: ComponentType<{ job: Job }>;
}

/** Those that have something in them; results first where they are what one came for. */
function tabsOf(job: Job, kind: Analysis["kind"] | undefined): Tab[] {
  const datasets = { value: "datasets", label: "Datasets", panel: DatasetsPanel };
  const results = { value: "results", label: ended(job.state) ? "Results" : "Best so far", panel: ResultsPanel };
  return [
    ...(kind === "datasets" ? [datasets] : [results]),
    { value: "progress", label: "Progress", panel: ProgressPanel },
    { value: "files", label: "Files", panel: FilesPanel },
    { value: "timeline", label: "Timeline", panel: TimelinePanel },
    { value: "certificate", label: "Certificate and cost", panel: CertificatePanel },
  ];
}
