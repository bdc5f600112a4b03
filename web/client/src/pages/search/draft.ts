import type { Values } from "../../components/schema";
import { type History, NOTHING } from "./mask/drawing";

/** An uploaded image. */
export interface UploadedImage {
  /** Id of the upload. */
  upload: string;
  name: string;
  width: number;
  height: number;
  channels: number;
}

/** Everything that somebody chose and drew, as it is kept until the search starts. */
export interface Draft {
  image: UploadedImage | null;
  /** Counted from 1. */
  channel: number;
  history: History;
  /** Null until somebody chose. */
  analysis: string | null;
  /** Ids; null until somebody chose. */
  libraries: string[] | null;
  /** Parameters that differ from the defaults, without masks and library. */
  values: Values;
  /** Of the job; null for that of the image. */
  name: string | null;
  /** An image of what must not be there that was uploaded rather than drawn. */
  negative: { upload: string; name: string } | null;
}

export const EMPTY: Draft = {
  image: null,
  channel: 1,
  history: NOTHING,
  analysis: null,
  libraries: null,
  values: {},
  name: null,
  negative: null,
};

/** A draft with what its source brings, but where somebody chose something before that came. */
export function filled(draft: Draft, brought: Partial<Draft>): Draft {
  const { image = null, channel = 1, history = NOTHING, negative = null, analysis = null } = brought;
  // Parameters are of an analysis: those of another one than was chosen are of no use.
  const same = draft.analysis === null || draft.analysis === analysis;
  return {
    ...draft,
    ...(draft.image === null ? { image, channel, history, negative } : {}),
    analysis: draft.analysis ?? analysis,
    libraries: draft.libraries ?? brought.libraries ?? null,
    values: same ? { ...brought.values, ...draft.values } : draft.values,
    name: draft.name ?? brought.name ?? null,
  };
}

/** What is kept is read only when it was written by this form of a draft. */
const FORM = 1;

/** A draft as text. */
export function written(draft: Draft): string {
  return JSON.stringify({ form: FORM, draft });
}

/** A draft from text; null when there is none, or it is of another version of this page. */
export function read(text: string | null): Draft | null {
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as { form?: number; draft?: Draft };
    return kept.form === FORM && kept.draft !== undefined ? kept.draft : null;
  } catch {
    return null;
  }
}
