import type { Match } from "../match";
import { inputPath, picturePath } from "../pictures";
import type { Choice } from "./state";

export interface Compared {
  jobId: string;
  /** Which of the masks of the job, from 0. */
  mask: number;
  match: Match;
  /** Other matches that can be looked at, by key. */
  others: ReadonlyMap<string, Match>;
  /** What the user wants; null: as it matched. */
  mirror: boolean | null;
}

export interface Pictured {
  path: string;
  alt: string;
  mirrored: boolean;
  /** Of its file, without ending. */
  name: string;
}

/** What a choice shows; null for another match that is not known. The masks are never mirrored. */
export function pictured(choice: Choice, { jobId, mask, match, others, mirror }: Compared): Pictured | null {
  const mirrored = mirror ?? match.mirrored;
  switch (choice) {
    case "mask":
      return { path: inputPath(jobId, "mask", mask), alt: "Mask", mirrored: false, name: `mask ${mask + 1}` };
    case "negative":
      return {
        path: inputPath(jobId, "negative_mask", 0),
        alt: "Negative mask",
        mirrored: false,
        name: "negative mask",
      };
    case "match":
      return { path: picturePath(jobId, match.key), alt: `Match, ${match.line}`, mirrored, name: match.id };
    case "original": {
      const path = picturePath(jobId, match.original ?? match.key);
      return { path, alt: `Matching part, ${match.line}`, mirrored, name: `${match.id} part` };
    }
    default: {
      const other = others.get(choice.slice("also:".length));
      if (other === undefined) return null;
      const path = picturePath(jobId, other.key);
      return { path, alt: `Match, ${other.line}`, mirrored: other.mirrored, name: other.id };
    }
  }
}

/** What a pane can show, with names for people. */
export function choicesOf(compared: Compared, negative: boolean): { value: Choice; label: string }[] {
  const { match, others } = compared;
  return [
    { value: "mask", label: "Mask" },
    ...(negative ? [{ value: "negative" as const, label: "Negative mask" }] : []),
    { value: "match", label: `Match: ${match.line}` },
    ...(match.original === null ? [] : [{ value: "original" as const, label: `Matching part: ${match.line}` }]),
    ...[...others.values()]
      .filter((other) => other.key !== match.key)
      .map((other) => ({ value: `also:${other.key}` as const, label: `Selected: ${other.line}` })),
  ];
}
