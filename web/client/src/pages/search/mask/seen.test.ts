import { expect, test } from "vitest";
import { boxesOf, countSeen, cutOut, judged, judgedAgainst, placed, seen } from "./seen";

const colours = [
  [101, 0, 0],
  [100, 100, 100],
  [0, 101, 0],
  [0, 0, 255],
  [255, 255, 255],
  [0, 0, 0],
  [0, 0, 101],
  [0, 0, 99],
];
const image = { width: 4, height: 2, rgb: Uint8Array.from(colours.flat()) };

test("pixels above the threshold in any channel are seen; those on it are not", () => {
  expect([...seen(image, null, 100, [])]).toEqual([1, 0, 1, 1, 1, 0, 1, 0]);
});

test("only pixels of the mask are seen, and none in a box", () => {
  const mask = { width: 4, height: 2, data: Uint8Array.from([1, 1, 1, 0, 1, 1, 1, 0]) };
  expect([...seen(image, mask, 100, [])]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  expect([...seen(image, mask, 100, [[-2, 0, null, 1]])]).toEqual([1, 0, 0, 0, 1, 0, 1, 0]);
});

test("boxes are placed as the search places them", () => {
  const boxes = [
    [0, 0, 330, 100],
    [-270, 0, null, 90],
  ] as const;
  expect(placed(boxes, 1210, 566)).toEqual([
    [0, 0, 330, 100],
    [940, 0, 1210, 90],
  ]);
  expect(placed(boxes, 200, 50)).toEqual([
    [0, 0, 200, 50],
    [0, 0, 200, 50],
  ]);
});

test("what is no list of boxes is none", () => {
  expect(boxesOf([[0, 0, null, -3]])).toHaveLength(1);
  expect(boxesOf([])).toEqual([]);
  expect(boxesOf([[-270, 0, 5, 90]])).toHaveLength(1);
  for (const wrong of [null, "x", [[1, 2, 3]], [[1, 2, 3, "4"]], [5], [[9, 0, 1, 5]], [[-2, 0, -9, 5]]])
    expect(boxesOf(wrong)).toBeNull();
});

test("the mask's image is black outside and unchanged inside", () => {
  const mask = { width: 4, height: 2, data: Uint8Array.from([0, 1, 0, 0, 0, 0, 0, 1]) };
  const { rgb } = cutOut(image, mask);
  expect([...rgb.subarray(0, 6)]).toEqual([0, 0, 0, 100, 100, 100]);
  expect([...rgb.subarray(21)]).toEqual([0, 0, 99]);
  expect(cutOut(image, null).rgb).toEqual(image.rgb);
});

test.each([
  [0, false, "see nothing"],
  [12, true, "by chance"],
  [5_000, true, null],
  [40_000, true, "40 % of the image"],
])("%i pixels of 100,000 are judged", (pixels, possible, warning) => {
  const verdict = judged(pixels, 100_000);
  expect(verdict.possible).toBe(possible);
  if (warning === null) expect(verdict.warning).toBeNull();
  else expect(verdict.warning).toContain(warning);
});

test("a negative mask is counted as the mask is, and one over black is warned of", () => {
  const dark = { width: 4, height: 2, data: Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 1]) };
  expect(countSeen(image, dark, 100, [])).toBe(0);
  expect(countSeen(image, dark, 98, [])).toBe(2);
  expect(countSeen(image, null, 100, [[0, 0, 2, null]])).toBe(3);
  expect(judgedAgainst(0)).toMatchObject({ possible: false });
  expect(judgedAgainst(0).warning).toContain("nothing of the negative mask");
  expect(judgedAgainst(1)).toEqual({ possible: true, warning: null });
});
