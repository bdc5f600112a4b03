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
  /** What the jobs of one search have in common; each is told from the others by the label of its library. */
  label: string;
}

/** The specifications of the jobs of a search: one, or one for each library where the analysis takes no lists. */
export function specifications(search: Search): Record<string, unknown>[] {
  const { analysis, name, mask, negative, libraries, values, label } = search;
  const named = libraries.map((id) => `library:${id}`);
  const groups = takesLists(analysis) && named.length > 1 ? [named] : named;
  return groups.map((library, number) => ({
    analysis: analysis.name,
    name,
    ...(groups.length > 1 ? { labels: { search: label, library: libraries[number] } } : {}),
    parameters: {
      ...values,
      [MASK]: `upload:${mask}`,
      [LIBRARY]: library,
      ...(negative === null ? {} : { [NEGATIVE]: `upload:${negative}` }),
    },
  }));
}
