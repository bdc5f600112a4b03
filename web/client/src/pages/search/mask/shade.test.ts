import { expect, test } from "vitest";
import { shade } from "./shade";

const image = { width: 3, height: 1, rgb: Uint8Array.from([200, 100, 50, 200, 100, 50, 200, 100, 50]) };
const mask = { width: 3, height: 1, data: Uint8Array.from([1, 1, 0]) };

test("outside of the mask the image is darker, where the search does not look it is grey", () => {
  const shown = shade(image, mask, Uint8Array.from([1, 0, 0]));
  expect([...shown.subarray(0, 4)]).toEqual([200, 100, 50, 255]);
  expect(new Set(shown.subarray(4, 7)).size).toBe(1);
  expect([...shown.subarray(8, 12)]).toEqual([80, 40, 20, 255]);
});

test("without mask and preview the image is as it is", () => {
  const shown = shade(image, null, null);
  expect([...shown.subarray(8, 12)]).toEqual([200, 100, 50, 255]);
});
