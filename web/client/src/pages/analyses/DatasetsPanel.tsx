import { Badge, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useSearchParams } from "react-router";
import { analysisQueries } from "../../api/analysisQueries";
import { ended, type Job } from "../../api/client";
import { Found, Nothing } from "../../components/Feedback";
import { SearchField } from "../../components/SearchField";
import classes from "./DatasetsPanel.module.css";
import { DatasetLine } from "./datasets/DatasetLine";
import { DATASET_STATES, tally } from "./datasets/states";

/** A line for each dataset of a job, with its state, its use of the machine, and its log. */
export function DatasetsPanel({ job }: { job: Job }) {
  const datasets = useQuery(analysisQueries.datasets(job.job_id, job.state));
  const [search, setSearch] = useSearchParams();
  const open = search.get("dataset");
  const wanted = search.get("find") ?? "";
  useLastLook(job, datasets.refetch);
  const set = (name: string, value: string | null) =>
    setSearch(
      (old) => {
        const next = new URLSearchParams(old);
        if (value === null || value === "") next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <Found query={datasets}>
      {(all) => {
        if (all.length === 0) {
          return (
            <Nothing title={ended(job.state) ? "This job has no datasets" : "No dataset has started yet"}>
              <Text size="sm">Datasets are those of analyses that are a command: it runs once for each of them.</Text>
            </Nothing>
          );
        }
        const shown = all.filter((one) =>
          `${one.dataset} ${one.reason} ${DATASET_STATES[one.state]?.word ?? one.state}`
            .toLowerCase()
            .includes(wanted.toLowerCase()),
        );
        return (
          <Stack gap="sm">
            <Group justify="space-between" gap="xs">
              <Group gap="xs" aria-live="polite">
                {tally(all).map(({ state, word, number }) => (
                  <Badge key={state} variant="light" color={DATASET_STATES[state]?.color ?? "gray"} tt="none">
                    {number} {word}
                  </Badge>
                ))}
              </Group>
              {all.length > 5 && (
                <SearchField
                  size="xs"
                  label="Search datasets"
                  placeholder="Name, state or reason"
                  value={wanted}
                  onChange={(text) => set("find", text)}
                />
              )}
            </Group>
            <ul className={classes.list} aria-label="Datasets">
              {shown.map((dataset) => (
                <li key={dataset.number} className={classes.item}>
                  <DatasetLine
                    job={job}
                    dataset={dataset}
                    open={open === String(dataset.number)}
                    onOpen={(next) => set("dataset", next ? String(dataset.number) : null)}
                  />
                </li>
              ))}
            </ul>
            {shown.length === 0 && <Text size="sm">No dataset matches.</Text>}
          </Stack>
        );
      }}
    </Found>
  );
}

/** Datasets are looked at once more when their job has ended: nothing tells of the last of them otherwise. */
function useLastLook(job: Job, look: () => Promise<unknown>): void {
  const before = useRef(job.state);
  useEffect(() => {
    if (before.current !== job.state && ended(job.state)) void look();
    before.current = job.state;
  }, [job.state, look]);
}
