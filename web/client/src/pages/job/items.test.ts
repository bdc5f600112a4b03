import { expect, test } from "vitest";
import { itemName } from "./items";

test("an item is called by its file, else by its name or where it is", () => {
  expect(itemName({ id: "7", file: "a.tif", location: "/data/a.tif" })).toBe("a.tif");
  expect(itemName({ id: "7", file: null })).toBe("7");
  expect(itemName("words.txt")).toBe("words.txt");
});

test("an item that has no name is shown whole", () => {
  expect(itemName({ first: 1 })).toBe('{"first":1}');
  expect(itemName(12)).toBe("12");
  expect(itemName(null)).toBe("null");
});
