/** Matches of a search, whichever of its two forms a result has: that of a job that has ended, or of one that runs. */

/** What the entries of a result are like: the combiner finishes them when the job ends. */
export type Form = "running" | "ended";

/** Fields of entries, as the API's conditions name them. */
export const FIELDS = {
  ended: {
    key: "image/files/CDM",
    id: "image/id",
    line: "image/publishedName",
    library: "image/libraryName",
    sex: "image/gender",
    score: "normalizedScore",
    pixels: "matchingPixels",
  },
  running: {
    key: "item/key",
    id: "item/id",
    line: "item/metadata/published_name",
    library: "item/metadata/library_name",
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
  /** The entry as the server gave it. */
  entry: Record<string, unknown>;
}

/** An entry of a result as a match; null when it is none. */
export function matchOf(entry: unknown): Match | null {
  if (!isRecord(entry)) return null;
  return isRecord(entry.image) ? endedMatch(entry, entry.image) : isRecord(entry.item) ? foundSoFar(entry) : null;
}

export function matchesOf(entries: readonly unknown[]): Match[] {
  return entries.map(matchOf).filter((match) => match !== null);
}

function endedMatch(entry: Record<string, unknown>, image: Record<string, unknown>): Match | null {
  const cdm = at(image, "files", "CDM");
  const cut = at(entry, "files", "CDMMatch");
  const key = text(cdm) ?? text(cut);
  if (key === null) return null;
  const pixels = number(entry.matchingPixels);
  return {
    key,
    original: text(cut) !== null && cut !== key ? text(cut) : null,
    id: text(image.id) ?? key,
    line: text(image.publishedName) ?? text(image.id) ?? key,
    library: text(image.libraryName),
    sex: text(image.gender),
    score: number(entry.normalizedScore) ?? pixels ?? 0,
    pixels,
    mirrored: entry.mirrored === true,
    entry,
  };
}

function foundSoFar(entry: Record<string, unknown>): Match | null {
  const key = text(at(entry, "item", "key"));
  const pixels = number(entry.matching_pixels);
  if (key === null || pixels === null) return null;
  const id = text(at(entry, "item", "id")) ?? key;
  const known = (name: string) => text(at(entry, "item", "metadata", name));
  return {
    key,
    original: null,
    id,
    line: known("published_name") ?? id,
    library: known("library_name"),
    sex: known("gender"),
    score: number(entry.normalized_score) ?? pixels,
    pixels,
    mirrored: entry.mirrored === true,
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
