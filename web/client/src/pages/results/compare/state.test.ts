import { describe, expect, test } from "vitest";
import { type Comparison, readComparison, USUAL, withPanes, writeComparison } from "./state";

const FULL: Comparison = {
  key: "images/1/a b&c.tif",
  nth: 31,
  mode: "blink",
  panes: ["mask", "match", "also:images/2/x.tif"],
  mirror: false,
  opacity: 25,
  rate: 0.5,
  region: { zoom: 4, x: 0.25, y: 0.5 },
};

describe("the address of a comparison", () => {
  test("gives back what was put into it", () => {
    expect(readComparison(writeComparison(new URLSearchParams("page=2"), FULL))).toEqual(FULL);
  });

  test("is that of the list when it is closed", () => {
    const open = writeComparison(new URLSearchParams("page=2&sort=line"), FULL);
    expect(writeComparison(open, null).toString()).toBe("page=2&sort=line");
    expect(readComparison(new URLSearchParams("page=2"))).toBeNull();
  });

  test("has nothing of what is as usual", () => {
    const written = writeComparison(new URLSearchParams(), { ...USUAL, key: "a", nth: 1 });
    expect(written.toString()).toBe("compare=a&nth=1");
  });

  test("that nobody can read is as usual, and never asks for flashing that is too fast", () => {
    const text = "compare=a&nth=x&as=cube&pane=evil&mirror=1&opacity=400&rate=60&zoom=NaN,1,2";
    expect(readComparison(new URLSearchParams(text))).toEqual({ ...USUAL, key: "a", nth: 1 });
    expect(readComparison(new URLSearchParams("compare=a&zoom=8,-3,9"))?.region).toEqual({ zoom: 8, x: 0, y: 1 });
  });
});

test("more panes show what is not shown yet, and fewer keep the first", () => {
  const choices = ["mask", "match", "also:a", "also:b"] as const;
  expect(withPanes(["match"], 4, choices)).toEqual(["match", "mask", "also:a", "also:b"]);
  expect(withPanes(["mask", "match"], 3, ["mask", "match"])).toEqual(["mask", "match", "match"]);
  expect(withPanes(["mask", "match", "also:a"], 1, choices)).toEqual(["mask"]);
});
