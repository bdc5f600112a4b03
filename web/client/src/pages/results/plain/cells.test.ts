import { expect, test } from "vitest";
import { columnsOf, textOf } from "./cells";

const ENTRIES = [
  { a: 1, b: { c: [1, 2], "d/e": "x" } },
  { a: null, z: false },
];

test("fields inside fields are columns of their own, and lists are cells", () => {
  expect(columnsOf(ENTRIES)).toEqual(["a", "b/c", "b/d/e", "z"]);
});

test("cells hold what the entry has there, and nothing where it has nothing", () => {
  const cells = ENTRIES.map((entry) => columnsOf(ENTRIES).map((column) => textOf(entry, column)));
  expect(cells).toEqual([
    ["1", "[1,2]", "x", ""],
    ["", "", "", "false"],
  ]);
});
