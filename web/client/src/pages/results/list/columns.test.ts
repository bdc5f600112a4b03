import { expect, test } from "vitest";
import { cardHeight, columnsOf } from "./columns";

test("cards fill the width, two beside each other on a phone, more of narrow images", () => {
  expect(columnsOf(358, 2.1)).toBe(2);
  expect(columnsOf(1014, 2.1)).toBe(4);
  expect(columnsOf(1014, 0.5)).toBeGreaterThan(4);
  expect(columnsOf(0, 2.1)).toBe(1);
});

test("rows are as high as their pictures need", () => {
  expect(cardHeight(1014, 4, 2)).toBeGreaterThan(cardHeight(1014, 5, 2));
  expect(cardHeight(1014, 4, 0.5)).toBeGreaterThan(cardHeight(1014, 4, 2));
});
