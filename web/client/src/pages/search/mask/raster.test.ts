import { expect, test } from "vitest";
import { countSet, emptyRaster, fillArea, fillStroke, outline, type Raster } from "./raster";

function shown({ width, height, data }: Raster): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from(data.subarray(y * width, (y + 1) * width), (one) => (one ? "#" : ".")).join(""),
  );
}

test("a rectangle covers exactly its pixels", () => {
  const raster = emptyRaster(6, 4);
  fillArea(raster, [1, 1, 4, 1, 4, 3, 1, 3], 1);
  expect(shown(raster)).toEqual(["......", ".###..", ".###..", "......"]);
});

test("the direction in which an area was drawn does not matter", () => {
  const [one, other] = [emptyRaster(9, 9), emptyRaster(9, 9)];
  fillArea(one, [1, 1, 8, 2, 5, 8], 1);
  fillArea(other, [5, 8, 8, 2, 1, 1], 1);
  expect(one.data).toEqual(other.data);
  expect(countSet(one.data)).toBeGreaterThan(15);
});

test("where an area runs over itself it is inside", () => {
  const raster = emptyRaster(6, 6);
  fillArea(raster, [0, 0, 6, 0, 6, 6, 0, 6, 0, 0, 6, 0, 6, 6, 0, 6], 1);
  expect(countSet(raster.data)).toBe(36);
});

test("what lies outside the image is cut off", () => {
  const raster = emptyRaster(3, 3);
  fillArea(raster, [-50, -50, 50, -50, 50, 50, -50, 50], 1);
  expect(countSet(raster.data)).toBe(9);
  fillStroke(raster, [-100, 1.5, 100, 1.5], 0.6, 0);
  expect(shown(raster)).toEqual(["###", "...", "###"]);
});

test("neighbouring areas share no pixel and leave none out", () => {
  const [left, right] = [emptyRaster(20, 20), emptyRaster(20, 20)];
  fillArea(left, [0, 0, 7.3, 0, 12.9, 20, 0, 20], 1);
  fillArea(right, [7.3, 0, 20, 0, 20, 20, 12.9, 20], 1);
  expect(left.data.every((one, at) => one + (right.data[at] ?? 0) === 1)).toBe(true);
});

test("a point and a line are no area", () => {
  const raster = emptyRaster(3, 3);
  fillArea(raster, [1, 1], 1);
  fillArea(raster, [0, 0, 3, 3], 1);
  expect(countSet(raster.data)).toBe(0);
});

test("a dab of the brush is round", () => {
  const raster = emptyRaster(5, 5);
  fillStroke(raster, [2.5, 2.5], 1.5, 1);
  expect(shown(raster)).toEqual([".....", ".###.", ".###.", ".###.", "....."]);
  fillStroke(raster, [2.5, 2.5], 2.1, 1);
  expect(shown(raster)).toEqual(["..#..", ".###.", "#####", ".###.", "..#.."]);
});

test("a stroke has the same width all along", () => {
  const raster = emptyRaster(10, 5);
  fillStroke(raster, [1.5, 2.5, 5.5, 2.5, 8.5, 2.5], 1, 1);
  expect(shown(raster)).toEqual(["..........", ".########.", "##########", ".########.", ".........."]);
});

test("the outline of a pixel is its four edges", () => {
  const raster = emptyRaster(3, 3);
  raster.data[4] = 1;
  expect(outline(raster)).toEqual([1, 1, 2, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 1, 2, 2]);
});

test("what reaches the edge of the image has an outline there", () => {
  const raster = emptyRaster(4, 2);
  raster.data.fill(1);
  expect(outline(raster)).toEqual([0, 0, 4, 0, 0, 2, 4, 2, 0, 0, 0, 2, 4, 0, 4, 2]);
});
