import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Job } from "../../api/client";
import { queries } from "../../api/queries";
import { Picture } from "../../components/Picture";
import { libraryName } from "./explain";
import { given } from "./given";
import { inputPath } from "./pictures";
import classes from "./SearchSummary.module.css";

interface SearchSummaryProps {
  job: Job;
  /** Which of the masks, from 0. */
  mask: number;
  /** Its name. */
  name: string;
}

/** What was searched for, where, and with which parameters. */
export function SearchSummary({ job, mask, name }: SearchSummaryProps) {
  const analysis = useQuery(queries.analyses).data?.find((one) => one.name === job.analysis);
  const parameters = given(job.parameters, analysis);
  const negative = typeof job.parameters.negative_mask === "string";
  return (
    <section aria-label="What was searched for" className={classes.summary}>
      <Picture path={inputPath(job.job_id, "mask", mask)} alt="What was searched for" className={classes.picture} />
      {negative && (
        <Picture
          path={inputPath(job.job_id, "negative_mask", 0)}
          alt="What must not be there"
          className={classes.picture}
        />
      )}
      <div className={classes.words}>
        <Text size="sm">
          {name} in {libraryName(job.parameters.library)}
          {negative && ", with a negative mask"}
        </Text>
        {parameters.length > 0 && (
          <details className={classes.details}>
            <summary>Parameters</summary>
            <dl className={classes.parameters}>
              {parameters.map(([title, value]) => (
                <div key={title}>
                  <dt>{title}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </div>
    </section>
  );
}
