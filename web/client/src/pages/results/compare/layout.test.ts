import { expect, test } from "vitest";
import { bestColumns } from "./layout";

test.each([
  [2, 950, 740, 1210 / 566, 1], // wide images over each other
  [2, 950, 740, 573 / 1119, 2], // high ones beside each other
  [4, 950, 740, 1210 / 566, 2],
  [3, 2000, 300, 1210 / 566, 3],
  [1, 0, 0, 2, 1],
])("%i images in %i x %i are in the columns that make them largest", (panes, width, height, shape, columns) => {
  expect(bestColumns(panes, { width, height }, shape, 10)).toBe(columns);
});
