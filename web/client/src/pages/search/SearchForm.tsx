import { Alert, Anchor, Button, Center, Loader, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { flushSync } from "react-dom";
import { Link, useSearchParams } from "react-router";
import type { Analysis, Library } from "../../api/client";
import { isGone } from "../../api/problem";
import { queries } from "../../api/queries";
import { ProblemAlert } from "../../components/Feedback";
import { HelpLink } from "../../components/HelpLink";
import { PageTitle } from "../../components/PageTitle";
import { Section } from "../../components/Section";
import { LibraryChoice } from "./choice/LibraryChoice";
import { Parameters } from "./choice/Parameters";
import { EMPTY } from "./draft";
import { ImagePart } from "./ImagePart";
import { fits } from "./image/fit";
import { usePixels } from "./image/usePixels";
import type { Prepared } from "./MaskPart";
import classes from "./SearchForm.module.css";
import { nameOf, type Source } from "./source";
import { StartPanel } from "./start/StartPanel";
import { takesLists } from "./start/specification";
import { forgetDraft, useDraft } from "./useDraft";
import { useSource } from "./useSource";

interface SearchFormProps {
  source: Source;
  /** Those that search with a mask; one at least. */
  analyses: Analysis[];
  libraries: Library[];
}

/** Everything that a search is made of. */
export function SearchForm({ source, analyses, libraries }: SearchFormProps) {
  const { draft, change, fill, kept } = useDraft(nameOf(source));
  const loaded = useSource(source, draft, fill);
  const [prepared, setPrepared] = useState<Prepared | null>(null);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [anew, setAnew] = useState(0);
  const pixels = usePixels(draft.image?.upload ?? null, draft.channel);
  const about = useQuery(queries.about);
  const [search] = useSearchParams();
  const wanted = draft.analysis ?? search.get("analysis");
  const analysis = analyses.find((one) => one.name === wanted) ?? (analyses[0] as Analysis);
  const asked = search.has("library") ? search.getAll("library") : null;
  const all = chosenOf(draft.libraries ?? asked, libraries, draft.image);
  const chosen = takesLists(analysis) ? all : all.slice(0, 1);
  const begun = draft.image !== null || Object.keys(draft.values).length > 0 || draft.libraries !== null;

  return (
    <>
      <PageTitle title="New search">
        {begun && (
          <Button
            variant="subtle"
            size="compact-sm"
            component={Link}
            to="/search"
            onClick={() => {
              // At once: what is on its way is given up, too, so that nothing is asked before the link is followed.
              flushSync(() => {
                setPrepared(null);
                setProblems({});
                setAnew((times) => times + 1);
                change(EMPTY);
              });
              forgetDraft(nameOf({ kind: "none" })); // the page that the link leads to begins empty, too
            }}
          >
            Start over
          </Button>
        )}
      </PageTitle>
      {!kept && (
        <Alert color="yellow" mb="md">
          This browser has no room to keep the drawing over a reload of the page.
        </Alert>
      )}
      <div className={classes.page}>
        {loaded.loading ? (
          <Center h={340}>
            <Loader aria-label="Loading the image" />
          </Center>
        ) : (
          <div className={classes.side}>
            {loaded.error !== null && <SourceProblem source={source} error={loaded.error} retry={loaded.retry} />}
            <ImagePart
              key={anew}
              draft={draft}
              change={change}
              analysis={analysis}
              libraries={libraries}
              chosen={chosen}
              problem={problems["parameters.mask"] ?? null}
              onPrepared={setPrepared}
            />
          </div>
        )}
        <div className={classes.side}>
          {analyses.length > 1 && (
            <Section title="Analysis">
              <Select
                aria-label="Analysis"
                data={analyses.map(({ name, title }) => ({ value: name, label: title }))}
                value={analysis.name}
                allowDeselect={false}
                onChange={(name) => change({ analysis: name, values: {} })}
              />
            </Section>
          )}
          <Section title="Libraries">
            <LibraryChoice
              libraries={libraries}
              chosen={chosen}
              onChosen={(next) => change({ libraries: next })}
              size={draft.image}
              analysis={analysis}
              error={problems["parameters.library"] ?? null}
            />
          </Section>
          <Section title="Parameters" aside={<HelpLink topic="parameters" label="What the parameters mean" />}>
            <Parameters
              analysis={analysis}
              values={draft.values}
              onValues={(values) => change({ values })}
              problems={problems}
            />
          </Section>
          <div className={classes.start}>
            <StartPanel
              draft={draft}
              change={change}
              analysis={analysis}
              libraries={libraries}
              chosen={chosen}
              prepared={prepared}
              unreadable={pixels.error !== null}
              limits={about.data?.limits ?? null}
              onProblems={setProblems}
            />
          </div>
        </div>
      </div>
    </>
  );
}

/** Why there is nothing of what the address names. */
function SourceProblem({ source, error, retry }: { source: Source; error: unknown; retry: () => void }) {
  if (!isGone(error)) return <ProblemAlert title="The image cannot be had" error={error} retry={retry} />;
  const ofJob = source.kind === "repeat" || source.kind === "match";
  return (
    <Alert color="yellow" role="alert" title={`There is no such ${ofJob ? "search" : "image"} (any more)`}>
      It was deleted, or the address is not right. Choose an image below
      {ofJob && (
        <>
          , or look among{" "}
          <Anchor component={Link} to="/jobs" inherit>
            all jobs
          </Anchor>
        </>
      )}
      .
    </Alert>
  );
}

/** The libraries that are searched: those that somebody chose, or else the only one that can be. */
function chosenOf(chosen: string[] | null, libraries: Library[], image: { width: number; height: number } | null) {
  if (chosen !== null) return chosen.filter((id) => libraries.some((one) => one.id === id));
  const usable = libraries.filter((one) => one.problem == null && (image === null || fits(image, one)));
  return usable.length === 1 ? usable.map((one) => one.id) : [];
}
