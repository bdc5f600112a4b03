import type { Pixels } from "../image/png";
import { countSet, type Raster } from "./raster";

/** x0, y0, x1, y1: half-open; negative numbers count from the right or bottom edge, null is the edge itself. */
export type Box = readonly [number | null, number | null, number | null, number | null];

/** The boxes of a parameter; null when it is not what boxes look like, or one of them ends before it begins. */
export function boxesOf(value: unknown): Box[] | null {
  const good =
    Array.isArray(value) &&
    value.every(
      (box) =>
        Array.isArray(box) &&
        box.length === 4 &&
        box.every((one) => one === null || Number.isInteger(one)) &&
        forward(box[0], box[2]) &&
        forward(box[1], box[3]),
    );
  return good ? (value as Box[]) : null;
}

/** Whether a box ends after it begins; ends that are counted from opposite edges cannot be compared. */
function forward(start: number | null, end: number | null): boolean {
  return start === null || end === null || start < 0 !== end < 0 || start < end;
}

/** Boxes in pixels of an image of a size; what lies outside is cut off. */
export function placed(boxes: readonly Box[], width: number, height: number): [number, number, number, number][] {
  const place = (value: number | null, edge: number, length: number) =>
    Math.min(Math.max(value === null ? edge : value < 0 ? value + length : value, 0), length);
  return boxes.map(([x0, y0, x1, y1]) => [
    place(x0, 0, width),
    place(y0, 0, height),
    place(x1, width, width),
    place(y1, height, height),
  ]);
}

/**
 * The pixels that a search compares: those of the mask with red, green or blue above the threshold, outside of the boxes.
 *
 * The mask is the whole image when it is null.
 */
export function seen(image: Pixels, mask: Raster | null, threshold: number, boxes: readonly Box[]): Uint8Array {
  const { width, height, rgb } = image;
  const found = new Uint8Array(width * height);
  for (let at = 0; at < found.length; at += 1) {
    if (mask !== null && mask.data[at] === 0) continue;
    const first = at * 3;
    const bright =
      (rgb[first] as number) > threshold ||
      (rgb[first + 1] as number) > threshold ||
      (rgb[first + 2] as number) > threshold;
    if (bright) found[at] = 1;
  }
  for (const [x0, y0, x1, y1] of placed(boxes, width, height)) {
    for (let y = y0; y < y1 && x1 > x0; y += 1) found.fill(0, y * width + x0, y * width + x1);
  }
  return found;
}

/** How many pixels a search compares; see `seen`. */
export function countSeen(image: Pixels, mask: Raster | null, threshold: number, boxes: readonly Box[]): number {
  return countSet(seen(image, mask, threshold, boxes));
}

/** The image where the mask is, black elsewhere. */
export function cutOut({ width, height, rgb }: Pixels, mask: Raster | null): Pixels {
  if (mask === null) return { width, height, rgb };
  const kept = new Uint8Array(rgb.length);
  for (let at = 0; at < mask.data.length; at += 1) {
    if (mask.data[at] === 1) kept.set(rgb.subarray(at * 3, at * 3 + 3), at * 3);
  }
  return { width, height, rgb: kept };
}

/** Fewer pixels than these match by chance. */
const FEW = 50;
/** A larger share of the image than this is no neuron. */
const MUCH = 0.2;

export interface Verdict {
  /** Whether a search can start. */
  possible: boolean;
  /** What is unwise, for people; null when nothing is. */
  warning: string | null;
}

/** Whether a search with so many pixels of an image makes sense. */
export function judged(pixels: number, area: number): Verdict {
  if (pixels === 0) {
    return {
      possible: false,
      warning: "The search would see nothing: lower the threshold, or draw around brighter pixels.",
    };
  }
  if (pixels < FEW) {
    return { possible: true, warning: "So few pixels match many images by chance: lower the threshold or draw more." };
  }
  if (pixels > MUCH * area) {
    return {
      possible: true,
      warning: `That is ${Math.round((pixels / area) * 100)} % of the image, more than a neuron has: raise the threshold, or draw around one neuron.`,
    };
  }
  return { possible: true, warning: null };
}

/** Whether a search with so many pixels of a negative mask makes sense: one without pixels would be ignored. */
export function judgedAgainst(pixels: number): Verdict {
  if (pixels > 0) return { possible: true, warning: null };
  return {
    possible: false,
    warning:
      "The search would see nothing of the negative mask: lower the threshold, take one with brighter pixels, or leave it out.",
  };
}
