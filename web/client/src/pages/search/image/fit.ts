import type { Library } from "../../../api/client";
import { counted } from "../../../format";

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Why an image cannot be compared with libraries, and what to do. */
export interface Misfit {
  /** For people. */
  detail: string;
  /** Ids of the libraries that it would fit. */
  fitting: string[];
}

/** The size that the images of a library have; null when it does not say. */
export function sizeOf(library: Library): Size | null {
  const { width, height } = library.properties;
  return typeof width === "number" && typeof height === "number" ? { width, height } : null;
}

/** Whether an image can be compared with those of a library, as far as is known. */
export function fits(image: Size, library: Library): boolean {
  const size = sizeOf(library);
  return size === null || (size.width === image.width && size.height === image.height);
}

/** "1,210 × 566" as it is written for sizes: without commas. */
export function written({ width, height }: Size): string {
  return `${width} × ${height}`;
}

/** The name of the template that the images of a library are aligned to; null when there is no one such name. */
export function template(library: Library): string | null {
  const names = Object.keys(library.metadata.alignment_space ?? {});
  return names.length === 1 ? (names[0] ?? null) : null;
}

/** What is wrong with the size of an image for the chosen libraries, with the fix; null when it fits all. */
export function misfit(image: Size, chosen: Library[], all: Library[]): Misfit | null {
  const wrong = (chosen.length > 0 ? chosen : all).filter((one) => !fits(image, one));
  const fitting = all.filter((one) => one.problem == null && fits(image, one)).map((one) => one.id);
  const first = wrong[0];
  if (first === undefined || (chosen.length === 0 && fitting.length > 0)) return null;
  const size = sizeOf(first) as Size;
  const aligned = template(first);
  const names = wrong.slice(0, 3).map((one) => one.name);
  const of = `${names.join(", ")}${wrong.length > 3 ? " and others" : ""}`;
  const says = `It has ${written(image)} pixels; images of ${of} have ${written(size)}.`;
  return { detail: `${says} ${fix(image, size, aligned, fitting.length > 0)}`, fitting };
}

/** Args: `another` says that it has the very size of other libraries. */
function fix(image: Size, expected: Size, aligned: string | null, another: boolean): string {
  const to = aligned === null ? "their template" : aligned;
  if (image.width === expected.height && image.height === expected.width) {
    return "It is turned by 90 degrees: turn it back and export it again.";
  }
  const scale = image.width / expected.width;
  const alike = Math.abs(image.height / expected.height / scale - 1) < 0.01;
  const percent = Math.round(scale * 100);
  // Scaling changes both sides, and by more than a few pixels.
  const oneSide = image.width === expected.width || image.height === expected.height;
  if (!another && (oneSide || (alike && percent === 100))) return cut(image, expected);
  if (alike && percent !== 100) {
    return `It is scaled to ${percent} %: export it in its own size, as scaling mixes colours, and so depths.`;
  }
  return `It seems to be of another template: align it to ${to} first, as stretching it would move the neuron.`;
}

/** What an image that was not scaled has too little or too much. */
function cut(image: Size, expected: Size): string {
  const sides = (["width", "height"] as const).map((side) => ({ side, by: image[side] - expected[side] }));
  const told = (those: typeof sides) =>
    those.map(({ side, by }) => `${counted(Math.abs(by), "pixel")} in ${side}`).join(" and ");
  const less = sides.filter(({ by }) => by < 0);
  const more = sides.filter(({ by }) => by > 0);
  if (more.length === 0) return `It is cropped by ${told(less)}: export it whole.`;
  if (less.length === 0) return `It is larger by ${told(more)}: export it without a margin.`;
  return `It is cropped by ${told(less)} and larger by ${told(more)}: export it whole, without a margin.`;
}
