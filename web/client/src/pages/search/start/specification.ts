import type { Analysis } from "../../../api/client";
import { properties, type Values } from "../../../components/schema";
import { LIBRARY, MASK, NEGATIVE } from "../inputs";

/** Whether an analysis searches a library with a mask, as this page offers it. */
export function isSearch(analysis: Analysis): boolean {
  const names = properties(analysis.parameters).map(([name]) => name);
  return analysis.kind === "search" && names.includes(MASK) && names.includes(LIBRARY);
}

/** Whether a job of an analysis can search several libraries. */
export function takesLists(analysis: Analysis): boolean {
  const library = properties(analysis.parameters).find(([name]) => name === LIBRARY)?.[1];
  return [library?.type ?? []].flat().includes("array");
}

/** What a search is made of. */
export interface Search {
  analysis: Analysis;
  name: string;
  /** Ids of uploads. */
  mask: string;
  negative: string | null;
  /** Ids. */
  libraries: string[];
  values: Values;
}

/** The specification of the job of a search. */
export function specification(search: Search): Record<string, unknown> {
  const { analysis, name, mask, negative, libraries, values } = search;
  const named = libraries.map((id) => `library:${id}`);
  return {
    analysis: analysis.name,
    name,
    parameters: {
      ...values,
      [MASK]: `upload:${mask}`,
      [LIBRARY]: named.length === 1 ? named[0] : named,
      ...(negative === null ? {} : { [NEGATIVE]: `upload:${negative}` }),
    },
  };
}

/** What the file name of a mask has after that of its image, such as `channel2-mask`; nothing when it is the image itself. */
export function endingOf(channels: number, channel: number, drawn: boolean): string {
  return [...(channels > 1 ? [`channel${channel}`] : []), ...(drawn ? ["mask"] : [])].join("-");
}
