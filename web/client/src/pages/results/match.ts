/** Matches of a search, whichever of its two forms a result has: that of a job that has ended, or of one that runs. */

import type { Results } from "../../api/client";
import { keyed } from "./keyed";

/** What the entries of a result are like: the combiner finishes them when the job ends. */
export type Form = "running" | "ended";

/** Fields of entries, as the API's conditions name them. */
export const FIELDS = {
  ended: {
    key: "image/files/CDM",
    /** Where the image's library is, or the image itself. */
    place: "image/files/store",
    id: "image/id",
    line: "image/publishedName",
    library: "image/libraryName",
    sex: "image/gender",
    score: "normalizedScore",
    pixels: "matchingPixels",
  },
  running: {
    key: "item/key",
    place: "item/location",
    id: "item/id",
    line: "item/metadata/published_name",
    library: "item/library",
    sex: "item/metadata/gender",
    score: "matching_pixels",
    pixels: "matching_pixels",
  },
} as const satisfies Record<Form, Record<string, string>>;

export interface Match {
  /** What pictures of the image are asked for with; no two matches of a list have the same. */
  key: string;
  /** Of the image that the matching one was cut from, where that is another one. */
  original: string | null;
  id: string;
  line: string;
  library: string | null;
  sex: string | null;
  score: number;
  pixels: number | null;
  mirrored: boolean;
  /** From 1, among all matches of the mask, whatever is filtered and however it is ordered; null when nobody said. */
  rank: number | null;
  /** The entry as the server gave it. */
  entry: Record<string, unknown>;
}

/**
 * An entry of a result as a match; null when it is none.
 *
 * Args: `libraries` of its job, where there are several; `place` of the entry in the whole list, from 0.
 */
export function matchOf(entry: unknown, libraries: readonly string[] = [], place?: number): Match | null {
  if (!isRecord(entry)) return null;
  const rank = place === undefined ? null : place + 1;
  if (isRecord(entry.image)) return endedMatch(entry, entry.image, libraries, rank);
  return isRecord(entry.item) ? foundSoFar(entry, libraries, rank) : null;
}

/** The entries of a page that are matches. */
export function matchesOf({ entries, places }: Pick<Results, "entries" | "places">, libraries: readonly string[] = []) {
  return entries.map((entry, at) => matchOf(entry, libraries, places[at])).filter((match) => match !== null);
}

function endedMatch(
  entry: Record<string, unknown>,
  image: Record<string, unknown>,
  libraries: readonly string[],
  rank: number | null,
): Match | null {
  const cut = text(at(entry, "files", "CDMMatch"));
  const key = text(at(image, "files", "CDM")) ?? cut;
  if (key === null) return null;
  const pixels = number(entry.matchingPixels);
  const place = text(at(image, "files", "store"));
  return {
    key: keyed(key, place, libraries),
    original: cut !== null && cut !== key ? keyed(cut, place, libraries) : null,
    id: text(image.id) ?? key,
    line: text(image.publishedName) ?? text(image.id) ?? key,
    library: text(image.libraryName),
    sex: text(image.gender),
    score: number(entry.normalizedScore) ?? pixels ?? 0,
    pixels,
    mirrored: entry.mirrored === true,
    rank,
    entry,
  };
}

function foundSoFar(entry: Record<string, unknown>, libraries: readonly string[], rank: number | null): Match | null {
  const key = text(at(entry, "item", "key"));
  const pixels = number(entry.matching_pixels);
  if (key === null || pixels === null) return null;
  const id = text(at(entry, "item", "id")) ?? key;
  const location = text(at(entry, "item", "location"));
  const place = location?.endsWith(key) ? location.slice(0, -key.length) : null;
  const known = (name: string) => text(at(entry, "item", "metadata", name));
  return {
    key: keyed(key, place, libraries),
    original: null,
    id,
    line: known("published_name") ?? id,
    library: text(at(entry, "item", "library")),
    sex: known("gender"),
    score: number(entry.normalized_score) ?? pixels,
    pixels,
    mirrored: entry.mirrored === true,
    rank,
    entry,
  };
}

/** What an entry has of something, by the name that it has in either form; empty when it has not. */
export function told(match: Match, ended: string, running: string): string {
  const value = at(match.entry, "image", ended) ?? at(match.entry, "item", "metadata", running);
  return text(value) ?? "";
}

const HIDDEN = new Set(["files", "store", "location", "file", "mask", "size_bytes", "sha256", "thumbnail"]);
const NAMES: Record<string, string> = {
  id: "Image",
  key: "Key in the library",
  publishedName: "Line",
  libraryName: "Library",
  gender: "Sex",
  normalizedScore: "Score",
  matchingRatio: "Share of the mask",
};
const SEXES: Record<string, string> = { f: "female", m: "male" };

/** Everything that an entry tells of its image and its match, in words for people. */
export function facts(match: Match): [string, string][] {
  const found: [string, string][] = [];
  const look = (part: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(part)) {
      if (HIDDEN.has(name) || value === null || value === "") continue;
      const known = plain(name);
      if (isRecord(value)) look(value);
      else found.push([NAMES[known] ?? worded(known), shown(known, value)]);
    }
  };
  look(match.entry);
  const seen = new Set<string>();
  return found.filter(([name]) => !seen.has(name) && seen.add(name));
}

function shown(name: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (name === "matchingRatio" && typeof value === "number") return `${(100 * value).toFixed(1)} %`;
  if (name === "gender") return sexWord(String(value));
  if (typeof value === "number") return value.toLocaleString("en");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** "female", "male", "not known", or what else it is called. */
export function sexWord(sex: string | null): string {
  if (sex === null || sex === "") return "not known";
  return SEXES[sex] ?? sex;
}

/** `matching_pixels` as `matchingPixels`. */
function plain(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `matchingPixels` as "Matching pixels". */
function worded(name: string): string {
  const words = name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`).trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function at(value: unknown, ...steps: string[]): unknown {
  let found = value;
  for (const step of steps) found = isRecord(found) ? found[step] : undefined;
  return found;
}

function text(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
