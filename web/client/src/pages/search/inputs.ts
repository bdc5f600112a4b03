import type { Job } from "../../api/client";
import type { Values } from "../../components/schema";

/** The names of parameters that this page asks for in its own way. */
export const MASK = "mask";
export const LIBRARY = "library";
export const NEGATIVE = "negative_mask";
export const THRESHOLD = "mask_threshold";
export const BOXES = "label_boxes";
export const OWN = [MASK, LIBRARY, NEGATIVE] as const;

/** What a job was given. */
export interface Inputs {
  /** Ids of uploads; null for what came from elsewhere. */
  mask: string | null;
  negative: string | null;
  /** Ids; null when they are none that the server offers. */
  libraries: string[] | null;
  /** The other parameters. */
  values: Values;
}

/** What a job was given, as the API names it. */
export function inputsOf(job: Pick<Job, "specification" | "references">): Inputs {
  const parameters = (job.specification.parameters ?? {}) as Values;
  const values = Object.fromEntries(Object.entries(parameters).filter(([name]) => !OWN.some((own) => own === name)));
  const libraries = named(job.references, LIBRARY, "library:");
  return {
    mask: named(job.references, MASK, "upload:")[0] ?? null,
    negative: named(job.references, NEGATIVE, "upload:")[0] ?? null,
    libraries: libraries.length > 0 ? libraries : null,
    values,
  };
}

/** The ids of a kind that a parameter names, by itself or in a list. */
function named(references: Record<string, string>, parameter: string, kind: string): string[] {
  const path = `/parameters/${parameter}`;
  return Object.entries(references)
    .filter(([pointer, value]) => (pointer === path || pointer.startsWith(`${path}/`)) && value.startsWith(kind))
    .map(([, value]) => value.slice(kind.length));
}
