import { Button, Drawer, Text, VisuallyHidden } from "@mantine/core";
import { useDisclosure, useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { IconFilter, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useState } from "react";
import type { Job } from "../../api/client";
import { Problem } from "../../api/problem";
import { Found, Nothing } from "../../components/Feedback";
import { counted } from "../../format";
import { type Comparison, MOST_PANES, readComparison, USUAL, writeComparison } from "./compare/state";
import { useFetchRange } from "./data";
import { imagesSearched, libraryName } from "./explain";
import { ExportMenu } from "./export/ExportMenu";
import { FilterCount, Filters } from "./Filters";
import { KeysHelp } from "./KeysHelp";
import { ListArea } from "./list/ListArea";
import { Pager } from "./list/Pager";
import { SelectBar } from "./list/SelectBar";
import { NoMatches, Spoken } from "./Notices";
import { picturePath } from "./pictures";
import classes from "./Results.module.css";
import { useSelection } from "./selection";
import { useShape } from "./shape";
import { activeFilters, type Layout, NO_FILTERS, pages } from "./state";
import { MaskPicker, Toolbar } from "./Toolbar";
import { useMatches } from "./useMatches";
import { useUnknownSexes } from "./useUnknownSexes";

const CompareDialog = lazy(async () => ({ default: (await import("./compare/CompareDialog")).CompareDialog }));

interface MatchesViewProps {
  job: Job;
  /** JSON Pointer of the list in the result. */
  at: readonly string[];
  /** Names of the masks, to choose from when there are several. */
  masks: string[];
}

/** Matches of images, with all that can be done with them. */
export function MatchesView({ job, at, masks }: MatchesViewProps) {
  const [paused, setPaused] = useState(false);
  const found = useMatches(job, at, paused);
  const { running, view, source, whole, scrolling, size, offset, page, matches, facets, change, params } = found;
  const [usual, setUsual] = useLocalStorage<Layout>({
    key: "skyburst.results",
    defaultValue: "grid",
    getInitialValueInEffect: false,
  });
  const layout = view.layout ?? usual;
  const [helpOpen, help] = useDisclosure(false);
  const [filtersOpen, drawer] = useDisclosure(false);
  const wide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const selection = useSelection(`${job.job_id} ${view.mask}`);
  const range = useFetchRange(source);
  const [sample] = matches;
  const shape = useShape(sample ? picturePath(job.job_id, sample.key, "thumbnail") : null);
  const comparison = readComparison(params);
  useLastPage(page.isPlaceholderData ? undefined : page.data?.matching, scrolling ? null : size, view.page, change);
  const goTo = useReturn(comparison, scrolling ? null : size, change, view.page);

  const compare = (next: Comparison | null) =>
    found.setParams((now) => writeComparison(now, next), {
      replace: comparison !== null && next !== null,
      flushSync: true, // the next key finds what this one brought
    });
  const compareChosen = () => {
    const [first, ...others] = selection.chosen.values();
    if (first === undefined) return;
    const panes = others.slice(0, MOST_PANES - 2).map((match) => `also:${match.key}` as const);
    const nth = matches.findIndex((match) => match.key === first.key) + offset + 1;
    compare({ ...USUAL, panes: [...USUAL.panes, ...panes], key: first.key, nth });
  };
  const filters = (
    <Filters
      view={view}
      change={change}
      libraries={facets.libraries}
      sexes={facets.sexes}
      unknownSexes={useUnknownSexes(job)}
    />
  );
  const paging = { page: view.page, size: view.size, each: size, running, change };
  if (running && page.data === undefined && isEarly(page.error)) return <Nothing title="Nothing is found yet" />;
  return (
    <Found query={page}>
      {({ matching, total }) => {
        if (total === 0 && !running) {
          return (
            <>
              <MaskPicker masks={masks} mask={view.mask} choose={(mask) => change({ mask })} />
              <NoMatches job={job} />
            </>
          );
        }
        return (
          <div className={classes.columns}>
            {wide && <aside className={classes.side}>{filters}</aside>}
            <div className={classes.main}>
              <Toolbar
                view={view}
                layout={layout}
                matching={matching}
                total={total}
                searched={searched(job, running)}
                masks={masks}
                change={change}
                setLayout={(next) => {
                  setUsual(next);
                  change({ layout: next }, true);
                }}
                help={help.open}
              >
                {running && (
                  <Button
                    size="xs"
                    variant="default"
                    leftSection={
                      paused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />
                    }
                    onClick={() => setPaused(!paused)}
                  >
                    {paused ? "Go on" : "Hold still"}
                  </Button>
                )}
                {!wide && (
                  <Button
                    size="xs"
                    variant="default"
                    leftSection={<IconFilter size={14} aria-hidden />}
                    rightSection={<FilterCount active={activeFilters(view)} />}
                    onClick={drawer.open}
                  >
                    Filters
                  </Button>
                )}
                <ExportMenu
                  job={job}
                  source={source}
                  whole={whole}
                  matching={matching}
                  total={total}
                  chosen={selection.chosen}
                />
              </Toolbar>
              <SelectBar
                matches={scrolling ? [] : matches}
                matching={matching}
                selection={selection}
                all={() => range(0, matching)}
                compare={compareChosen}
              />
              {running && (
                <VisuallyHidden role="status">
                  <Spoken matching={matching} best={sample} />
                </VisuallyHidden>
              )}
              {matching === 0 && total > 0 && !page.isPlaceholderData && (
                <Nothing title="The filters leave none of the matches">
                  <Text size="sm" ta="center">
                    {counted(total, "match", "matches")} {total === 1 ? "is" : "are"} there without{" "}
                    {activeFilters(view) === 1 ? "the filter" : `the ${activeFilters(view)} filters`}.
                  </Text>
                  <Button size="xs" variant="light" onClick={() => change({ ...NO_FILTERS, perLine: null })}>
                    Reset the filters
                  </Button>
                </Nothing>
              )}
              {total === 0 && <Nothing title="No match so far" />}
              {matching > 0 && <Pager {...paging} place="above" matching={matching} />}
              {matching > 0 && (
                <ListArea
                  job={job}
                  found={found}
                  layout={layout}
                  matching={matching}
                  shape={shape}
                  selection={selection}
                  range={range}
                  compare={(match, index) => compare({ ...(comparison ?? USUAL), key: match.key, nth: index + 1 })}
                  help={help.open}
                  goTo={goTo}
                />
              )}
              {matching > 0 && <Pager {...paging} place="below" matching={matching} />}
            </div>
            {!wide && (
              <Drawer opened={filtersOpen} onClose={drawer.close} title="Filters" position="right" size={320}>
                {filters}
              </Drawer>
            )}
            {comparison !== null && (
              <Suspense>
                <CompareDialog
                  job={job}
                  mask={view.mask}
                  source={source}
                  total={matching}
                  shown={running ? { offset, matches } : null}
                  comparison={comparison}
                  change={compare}
                  selection={selection}
                  shape={shape}
                  help={help.open}
                  helpOpen={helpOpen}
                />
              </Suspense>
            )}
            {/* A moment later, so that the key that closes it closes nothing below it. */}
            <KeysHelp opened={helpOpen} close={() => setTimeout(help.close)} />
          </div>
        );
      }}
    </Found>
  );
}

/** Whether a job cannot tell what it found because it has not begun, or has just ended: in a moment it will. */
function isEarly(error: Error | null): boolean {
  return error instanceof Problem && (error.code === "result_not_ready" || error.code === "invalid_query");
}

function searched(job: Job, running: boolean): string {
  const images = counted(imagesSearched(job.progress), "image");
  return `${images} of ${libraryName(job.parameters.library)} searched${running ? " so far" : ""}`;
}

/** A page after the last one, as of an address from when there were more matches, shows the last one. */
function useLastPage(
  matching: number | undefined,
  size: number | null,
  page: number,
  change: (change: { page: number }, replace: boolean) => void,
): void {
  const last = matching === undefined || size === null ? page : Math.min(page, pages(matching, size));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `change` is another function each time
  useEffect(() => {
    if (last < page) change({ page: last }, true);
  }, [last, page]);
}

/** Where the focus goes when the comparison is closed: to the match that was compared, on its page. */
function useReturn(
  comparison: Comparison | null,
  size: number | null,
  change: (change: { page: number }, replace: boolean) => void,
  page: number,
): { index: number } | null {
  const [last, setLast] = useState(comparison);
  const [goTo, setGoTo] = useState<{ index: number } | null>(null);
  if (comparison?.key !== last?.key || comparison?.nth !== last?.nth) {
    setLast(comparison);
    setGoTo(comparison === null && last !== null ? { index: last.nth - 1 } : null);
  }
  const wanted = goTo === null || size === null ? page : Math.floor(goTo.index / size) + 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the comparison is closed
  useEffect(() => {
    if (goTo !== null && wanted !== page) change({ page: wanted }, true);
  }, [goTo]);
  return goTo;
}
