import { expect, test } from "vitest";
import { unknownSexes } from "./filledIn";

test("matches of unknown sex are counted as the search wrote it", () => {
  expect(unknownSexes({ filled_in: { gender: { f: 5, m: 1 }, slideCode: { unknown: 9 } } })).toBe(6);
});

test("nothing is unknown where nothing of the kind was written", () => {
  for (const written of [null, 3, [], {}, { filled_in: null }, { filled_in: { gender: { f: "5" } } }])
    expect(unknownSexes(written)).toBe(0);
});
