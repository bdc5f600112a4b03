import { Anchor, List, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "react-router";
import { queries } from "../../api/queries";
import { PageTitle } from "../../components/PageTitle";
import { Section } from "../../components/Section";
import { properties } from "../../components/schema";
import { bytes } from "../../format";
import { KeysList } from "../results/KeysHelp";
import { sizeOf, written } from "../search/image/fit";
import { isSearch } from "../search/start/specification";
import classes from "./HelpPage.module.css";

const TOPICS: { id: string; title: string; Topic: () => ReactNode }[] = [
  { id: "search", title: "A search, step by step", Topic: Steps },
  { id: "images", title: "Images that can be searched with", Topic: Images },
  { id: "parameters", title: "Parameters of a search", Topic: Parameters },
  { id: "matches", title: "Matches and their scores", Topic: Matches },
  { id: "keys", title: "Keys of matches and comparisons", Topic: KeysList },
  { id: "analyses", title: "Other analyses, and large data", Topic: Analyses },
  { id: "refused", title: "When something is refused or fails", Topic: Refused },
];

/** How everything is done, in the order in which one comes to it. */
export function HelpPage() {
  const { hash } = useLocation();
  // The browser has looked for the topic before the page was there.
  useEffect(() => {
    document.getElementById(hash.slice(1))?.scrollIntoView();
  }, [hash]);
  return (
    <>
      <PageTitle title="Help" />
      <nav aria-label="Topics" className={classes.topics}>
        {TOPICS.map(({ id, title }) => (
          <Anchor key={id} href={`#${id}`} size="sm" underline="always">
            {title}
          </Anchor>
        ))}
      </nav>
      <Stack gap="md" maw={820}>
        {TOPICS.map(({ id, title, Topic }) => (
          <div key={id} id={id} className={classes.topic}>
            <Section title={title}>
              <Topic />
            </Section>
          </div>
        ))}
      </Stack>
    </>
  );
}

function Steps() {
  return (
    <List type="ordered" size="sm" spacing={4}>
      <List.Item>
        Go to <To path="/search">New search</To>, and drop or choose an image. Of one with several channels, choose one.
      </List.Item>
      <List.Item>
        Draw around what you look for. Areas add up; where nothing is drawn, the whole image is the mask. What must not
        be there is drawn as a negative mask.
      </List.Item>
      <List.Item>
        Choose libraries, and a preset or parameters. The page shows which pixels the search sees, and estimates time
        and cost.
      </List.Item>
      <List.Item>
        Press Search. The best matches appear while it runs; leave the page and come back by <To path="/jobs">Jobs</To>{" "}
        whenever you like.
      </List.Item>
      <List.Item>
        Filter and compare the matches, and export them as CSV, as JSON, or their images as a zip. Any match can be
        searched with in turn.
      </List.Item>
    </List>
  );
}

function Images() {
  const libraries = useQuery(queries.libraries).data ?? [];
  return (
    <Stack gap="xs">
      <Text size="sm">
        Color-depth projections, aligned to the template of the library that is searched: PNG or TIFF, 8 bits in red,
        green and blue. JPEG changes colours, which hold the depth, and with them scores; it is refused. So are images
        that are grey, scaled or turned: they have to be aligned first.
      </Text>
      {libraries.length > 0 && (
        <List size="sm" aria-label="Sizes of images">
          {libraries.map((library) => {
            const size = sizeOf(library);
            return (
              <List.Item key={library.id}>
                {library.name}: {size === null ? "of any size" : `${written(size)} pixels`}
              </List.Item>
            );
          })}
        </List>
      )}
    </Stack>
  );
}

function Parameters() {
  const searches = useQuery(queries.analyses).data?.filter(isSearch) ?? [];
  if (searches.length === 0) return <Text size="sm">No analysis on this server searches with a mask.</Text>;
  return searches.map((analysis) => (
    <dl key={analysis.name} className={classes.terms} aria-label={analysis.title}>
      {properties(analysis.parameters).map(([name, { title, description }]) => (
        <div key={name}>
          <dt>{title ?? name}</dt>
          <dd>{description}</dd>
        </div>
      ))}
    </dl>
  ));
}

function Matches() {
  return (
    <Text size="sm">
      The score of a match is how many pixels of the mask have the same colour, and so the same depth, in the image;
      ranked by shape, it is these and how well the shapes fit. &ldquo;mirrored&rdquo; means that the mask matched
      better flipped from left to right: the image is then shown flipped. Where nothing matches, the page says what was
      searched, and what to loosen.
    </Text>
  );
}

function Analyses() {
  const about = useQuery(queries.about).data;
  return (
    <Text size="sm">
      <To path="/analyses">Analyses</To> has all that can be run. Each file that is dropped is a dataset, a folder is
      one of all its files. {about !== undefined && `A file may have up to ${bytes(about.limits.upload_bytes)}. `}
      Files are sent in parts: an upload that was stopped, or lost its connection, goes on where it was. The certificate
      of a job says what ran, on what, and what it cost; with it the job can be run again.
    </Text>
  );
}

function Refused() {
  return (
    <Stack gap="xs">
      <Text size="sm">
        What is refused is said where it is asked for, with what to do, and nothing that was entered is lost. Batches
        that failed are named with their reason in a job&apos;s Progress; Resume runs only what is missing. While the
        server cannot be reached the page tries again, and jobs go on.
      </Text>
      <Text size="sm">
        Limits of jobs and budgets are shown before a job starts. Who runs this server can raise them.
      </Text>
    </Stack>
  );
}

function To({ path, children }: { path: string; children: string }) {
  return (
    <Anchor component={Link} to={path} size="sm" underline="always">
      {children}
    </Anchor>
  );
}
