import { emptyRaster, fillArea, fillStroke, type Points, type Raster } from "./raster";

/** What is drawn on: what is looked for, or what must not be there. */
export type Layer = "mask" | "negative";

/** One thing that somebody drew. It is kept as it was drawn, so that it can be undone, and survives a reload in little room. */
export type Step =
  | { kind: "area"; layer: Layer; add: boolean; points: Points }
  | { kind: "stroke"; layer: Layer; add: boolean; radius: number; points: Points }
  | { kind: "clear"; layer: Layer };

/** What was drawn, with what was undone and can come back. */
export interface History {
  readonly steps: readonly Step[];
  /** How many of the steps hold; the others were undone. */
  readonly done: number;
}

export const NOTHING: History = { steps: [], done: 0 };

export function draw({ steps, done }: History, step: Step): History {
  return { steps: [...steps.slice(0, done), step], done: done + 1 };
}

export function undo({ steps, done }: History): History {
  return { steps, done: Math.max(0, done - 1) };
}

export function redo({ steps, done }: History): History {
  return { steps, done: Math.min(steps.length, done + 1) };
}

export const canUndo = ({ done }: History) => done > 0;
export const canRedo = ({ steps, done }: History) => done < steps.length;

/** The steps of a layer that count: those since it was last cleared. */
export function stepsOf({ steps, done }: History, layer: Layer): Exclude<Step, { kind: "clear" }>[] {
  const own = steps.slice(0, done).filter((step) => step.layer === layer);
  const since = own.slice(own.findLastIndex((step) => step.kind === "clear") + 1);
  return since.filter((step) => step.kind !== "clear");
}

/**
 * The pixels of a layer; null when nothing is drawn on it.
 *
 * When the first thing that is drawn takes something away, it is taken from the whole image.
 */
export function rasterOf(history: History, layer: Layer, width: number, height: number): Raster | null {
  const steps = stepsOf(history, layer);
  const first = steps[0];
  if (first === undefined) return null;
  const raster = emptyRaster(width, height);
  if (!first.add) raster.data.fill(1);
  for (const step of steps) {
    const value = step.add ? 1 : 0;
    if (step.kind === "area") fillArea(raster, step.points, value);
    else fillStroke(raster, step.points, step.radius, value);
  }
  return raster;
}

/** Points without those that are so near to the line of their neighbours that no pixel changes; a tenth of a pixel is kept. */
export function thinned(points: Points): number[] {
  const kept: number[] = [];
  for (let at = 0; at < points.length; at += 2) {
    const x = Math.round((points[at] as number) * 10) / 10;
    const y = Math.round((points[at + 1] as number) * 10) / 10;
    const end = kept.length;
    if (end >= 2 && kept[end - 2] === x && kept[end - 1] === y) continue;
    if (end >= 4 && straight(kept[end - 4], kept[end - 3], kept[end - 2], kept[end - 1], x, y)) kept.length = end - 2;
    kept.push(x, y);
  }
  return kept;
}

/** Whether the middle one of three points is on the way from the first to the last. */
function straight(x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0): boolean {
  const cross = (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1);
  const forward = (x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1);
  return Math.abs(cross) < 1e-9 && forward >= 0;
}
