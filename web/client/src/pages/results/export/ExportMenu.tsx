import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Job } from "../../../api/client";
import { apiPath } from "../../../api/client";
import { ProblemAlert } from "../../../components/Feedback";
import { fetchBlob } from "../../../components/Picture";
import { count, counted } from "../../../format";
import { fetchRange, type Source } from "../data";
import type { Match } from "../match";
import { csvOf, type Row } from "./csv";
import { safeName } from "./names";
import { save } from "./save";
import { ZipDialog } from "./ZipDialog";
import { MOST_IMAGES } from "./zip";

interface ExportMenuProps {
  job: Job;
  source: Source;
  /** The list without filters, which says who is where in it. */
  whole: Source;
  matching: number;
  total: number;
  chosen: ReadonlyMap<string, Match>;
}

/** Matches as files: those that are selected, or all that the filters leave. */
export function ExportMenu({ job, source, whole, matching, total, chosen }: ExportMenuProps) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [zipped, setZipped] = useState<readonly Row[] | null>(null);
  const some = chosen.size > 0;
  const name = safeName(job.name ?? job.job_id);
  const which = some ? `${count(chosen.size)} selected` : `all ${count(matching)}`;

  /** In the order of the list, with their places among all. */
  const rows = async (most = Number.POSITIVE_INFINITY): Promise<Row[]> => {
    const ranks = new Map((await fetchRange(client, whole, 0, total)).map((match, at) => [match.key, at + 1]));
    const rank = (match: Match) => ranks.get(match.key) ?? 0;
    const list = some
      ? [...chosen.values()].sort((one, other) => rank(one) - rank(other))
      : await fetchRange(client, source, 0, Math.min(most, matching));
    return list.map((match, at) => ({ number: at + 1, rank: rank(match), match }));
  };
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    work()
      .catch(setProblem)
      .finally(() => setBusy(false));
  };
  const resultFile = async () =>
    save(`${name}.json`, await fetchBlob(apiPath("jobs", job.job_id, "files", "result.json")));
  const json = async () => {
    const entries = (await rows()).map(({ match }) => match.entry);
    save(`${name}-matches.json`, JSON.stringify(entries, null, 2), "application/json");
  };
  const csv = async () => save(`${name}-matches.csv`, csvOf(await rows()), "text/csv;charset=utf-8");
  const images = some ? chosen.size : matching;

  return (
    <>
      <Menu position="bottom-end" shadow="md" width={290}>
        <Menu.Target>
          <Button
            size="xs"
            variant="default"
            loading={busy}
            leftSection={<IconDownload size={14} aria-hidden />}
            disabled={matching === 0 && !some}
          >
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{which}</Menu.Label>
          <Menu.Item onClick={() => run(csv)}>CSV, a table</Menu.Item>
          <Menu.Item onClick={() => run(json)}>JSON, all that is known of them</Menu.Item>
          <Menu.Item
            disabled={some && images > MOST_IMAGES}
            onClick={() => run(async () => setZipped(await rows(MOST_IMAGES)))}
          >
            {some && images > MOST_IMAGES
              ? `Images as zip: at most ${MOST_IMAGES}, select fewer`
              : images > MOST_IMAGES
                ? `Images as zip: the first ${MOST_IMAGES} of them`
                : `Images as zip: ${counted(images, "image")}`}
          </Menu.Item>
          {job.has_result && (
            <>
              <Menu.Divider />
              <Menu.Item onClick={() => run(resultFile)}>The whole result file, JSON</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {zipped !== null && <ZipDialog jobId={job.job_id} name={name} rows={zipped} close={() => setZipped(null)} />}
      {problem !== null && <ProblemAlert title="The export failed" error={problem} />}
    </>
  );
}
