/** What a search was given, in words for people. Pure. */

import type { Analysis, Job } from "../../api/client";
import { properties } from "../../components/schema";

/** Parameters with the titles that forms have, in their order; files, which are shown otherwise, are left out. */
export function given(parameters: Job["parameters"], analysis: Analysis | undefined): [string, string][] {
  return properties(analysis?.parameters ?? null).flatMap(([name, { title, format }]): [string, string][] =>
    name in parameters && format !== "path" ? [[title ?? name, worded(parameters[name])]] : [],
  );
}

function worded(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}
