import type { Analysis } from "../../../api/client";
import type { Problem } from "../../../api/problem";
import { properties } from "../../../components/schema";

/** The path of the parameter that a problem is about, such as `parameters.xy_shift`; null for anything else. */
export function fieldOf(problem: Problem, analysis: Analysis): string | null {
  const path = problem.field?.replace(/^job\./, "") ?? "";
  const known = properties(analysis.parameters).some(([name]) => new RegExp(`^parameters\\.${name}\\b`).test(path));
  return known ? path : null;
}
