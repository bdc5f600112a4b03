import type { UploadedImage } from "./draft";
import type { History } from "./mask/drawing";

/** How the mask of a search was drawn, so that it can be drawn on when the search is repeated. */
export interface Drawing {
  /** Id of the mask's upload. */
  mask: string;
  /** Id of the upload of the negative mask that was drawn with it; null when there was none. */
  negative: string | null;
  /** What it was drawn on. */
  image: UploadedImage;
  channel: number;
  history: History;
}

const KEY = "skyburst.drawings";
const MOST = 30;
/** Characters of all drawings together; browsers have room for some millions. */
const MOST_TEXT = 500_000;

/** The drawings that are kept with one more, newest first: as many as there is room for. */
export function withOne(kept: Drawing[], one: Drawing): Drawing[] {
  const all = [one, ...kept.filter(({ mask }) => mask !== one.mask)].slice(0, MOST);
  let room = MOST_TEXT;
  return all.filter((drawing) => {
    room -= JSON.stringify(drawing).length;
    return room >= 0;
  });
}

/** Keep how a mask was drawn, in this browser. */
export function remember(drawing: Drawing): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(withOne(all(), drawing)));
  } catch (error) {
    // Without room a repeated search begins with the mask itself, which the server has.
    if (!(error instanceof DOMException)) throw error;
  }
}

/** How a mask was drawn; null when this browser does not know. */
export function recalled(mask: string): Drawing | null {
  return all().find((one) => one.mask === mask) ?? null;
}

function all(): Drawing[] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]") as Drawing[];
  } catch {
    return [];
  }
}
