import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { ended, type Job } from "../../api/client";
import { Problem } from "../../api/problem";
import { queries } from "../../api/queries";
import { Found, Nothing } from "../../components/Feedback";
import { maskNames } from "./explain";
import { MatchesView } from "./MatchesView";
import { matchOf } from "./match";
import { MissingNotice } from "./Notices";
import { PlainView } from "./plain/PlainView";
import { SearchSummary } from "./SearchSummary";
import { readView } from "./state";

/** What a job found: so far while it runs, and all of it when it has ended. */
export function ResultsPanel({ job }: { job: Job }) {
  if (ended(job.state) && !job.has_result) {
    return (
      <Nothing title="There is no result">
        <Text size="sm" ta="center">
          {job.reason || "The job ended without one."}
        </Text>
        <Anchor component={Link} to="?tab=progress" size="sm">
          How it went
        </Anchor>
      </Nothing>
    );
  }
  // What events tell of a job has its progress, but not its plan.
  if (!ended(job.state) && job.progress.items === 0) {
    return (
      <Nothing title="Nothing is found yet">
        <Text size="sm">What is to be searched is being listed.</Text>
      </Nothing>
    );
  }
  return (
    <>
      <MissingNotice job={job} />
      {isSearch(job) ? <Search job={job} /> : <Other job={job} />}
    </>
  );
}

/** Whether the parameters are those of a search for masks in a library: then its result is known also when it is empty. */
function isSearch(job: Job): boolean {
  return job.libraries.length > 0 && maskNames(job.parameters.mask).length > 0;
}

function Search({ job }: { job: Job }) {
  const [params] = useSearchParams();
  const masks = maskNames(job.parameters.mask);
  const mask = Math.min(readView(params).mask, masks.length - 1);
  // A search finds matches elsewhere than where they are in the end, and may have ended before this page knows.
  const at = [masks.length > 1 ? `/masks/${mask}/results` : "/results", `/matches/${mask}`];
  return (
    <>
      <SearchSummary job={job} mask={mask} name={masks[mask] ?? ""} />
      <MatchesView job={job} at={at} masks={masks} />
    </>
  );
}

/** A result that is a list of matches of images is shown as one, whichever analysis it is of. */
function Other({ job }: { job: Job }) {
  const query = useQuery({ ...queries.results(job.job_id, { limit: 1 }), placeholderData: undefined as never });
  if (query.error instanceof Problem && query.error.code === "invalid_query")
    return <PlainView job={job} list={null} />;
  return (
    <Found query={query}>
      {(page) => {
        const [first] = page.entries;
        if (matchOf(first) !== null) return <MatchesView job={job} at={[page.at]} masks={[]} />;
        return <PlainView job={job} list={typeof first === "object" && first !== null ? page : null} />;
      }}
    </Found>
  );
}
