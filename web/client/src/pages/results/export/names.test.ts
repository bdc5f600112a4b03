import { expect, test } from "vitest";
import { differentNames, safeName } from "./names";

test.each([
  ["R17E09-CDM_1", "R17E09-CDM_1"],
  ["../../etc/passwd", "_.._etc_passwd"],
  ["a\u0000b\nc", "a_b_c"],
  ["...", "_"],
  ["", "_"],
  ["CON", "_CON"],
  ["neurone ü", "neurone ü"],
])("%j is stored as %j", (text, name) => {
  expect(safeName(text)).toBe(name);
});

test("names are of a length that any system takes", () => {
  expect(safeName("x".repeat(500))).toHaveLength(120);
});

test("names differ, also where letter case does not count", () => {
  expect(differentNames(["a", "A", "a", "b"], ".png")).toEqual(["a.png", "A (2).png", "a (3).png", "b.png"]);
});
