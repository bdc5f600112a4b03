import { expect, test } from "vitest";
import type { Match } from "./match";
import { changed, rangeOf } from "./selection";

const match = (key: string) => ({ key }) as Match;

test("matches are put into a selection in their order, once, and taken out of it", () => {
  const three = changed(new Map(), [match("b"), match("a"), match("c")], true);
  expect([...changed(three, [match("a")], true).keys()]).toEqual(["b", "a", "c"]);
  expect([...changed(three, [match("a"), match("x")], false).keys()]).toEqual(["b", "c"]);
  expect(three.size).toBe(3);
});

test("a range goes both ways", () => {
  expect([rangeOf(3, 7), rangeOf(7, 3), rangeOf(4, 4)]).toEqual([
    [3, 7],
    [3, 7],
    [4, 4],
  ]);
});
