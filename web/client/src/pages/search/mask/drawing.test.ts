import { expect, test } from "vitest";
import {
  canRedo,
  canUndo,
  draw,
  type History,
  type Layer,
  NOTHING,
  rasterOf,
  redo,
  type Step,
  stepsOf,
  thinned,
  undo,
} from "./drawing";
import { countSet } from "./raster";

const area = (points: number[], add = true, layer: Layer = "mask"): Step => ({ kind: "area", layer, add, points });
const square = (at: number, size: number) => [at, at, at + size, at, at + size, at + size, at, at + size];

function pixels(history: History, layer: Layer = "mask"): number | null {
  const raster = rasterOf(history, layer, 10, 10);
  return raster === null ? null : countSet(raster.data);
}

test("areas add up, and can be taken away from each other", () => {
  const two = draw(draw(NOTHING, area(square(0, 4))), area(square(6, 2)));
  expect(pixels(two)).toBe(20);
  expect(pixels(draw(two, area(square(1, 2), false)))).toBe(16);
});

test("what is taken away first is taken from the whole image", () => {
  expect(pixels(draw(NOTHING, area(square(0, 2), false)))).toBe(96);
});

test("undone steps come back, until something else is drawn", () => {
  const both = draw(draw(NOTHING, area(square(0, 1))), area(square(4, 2)));
  const one = undo(both);
  expect([pixels(one), pixels(redo(one)), canRedo(one), canRedo(both)]).toEqual([1, 5, true, false]);
  const other = draw(one, area(square(8, 1)));
  expect([pixels(other), canRedo(other)]).toEqual([2, false]);
  expect(pixels(undo(undo(undo(both))))).toBeNull();
  expect([canUndo(NOTHING), canUndo(both)]).toEqual([false, true]);
});

test("clearing a layer leaves the other, and is undone like anything else", () => {
  const drawn = draw(draw(NOTHING, area(square(0, 3))), area(square(5, 2), true, "negative"));
  const cleared = draw(drawn, { kind: "clear", layer: "mask" });
  expect([pixels(cleared), pixels(cleared, "negative")]).toEqual([null, 4]);
  expect(pixels(undo(cleared))).toBe(9);
  expect(stepsOf(draw(cleared, area(square(1, 1))), "mask")).toHaveLength(1);
});

test("brush and eraser are strokes", () => {
  const stroke = (add: boolean): Step => ({ kind: "stroke", layer: "mask", add, radius: 1.5, points: [5, 5] });
  const painted = draw(NOTHING, stroke(true));
  expect(pixels(painted)).toBe(4);
  expect(pixels(draw(painted, stroke(false)))).toBe(0);
});

test("points that tell nothing are left out", () => {
  expect(thinned([0, 0, 0.01, 0.02, 1, 1, 2, 2, 3, 3, 3, 5])).toEqual([0, 0, 3, 3, 3, 5]);
  expect(thinned([0, 0, 4, 0, 2, 0])).toEqual([0, 0, 4, 0, 2, 0]);
});
