import { describe, expect, test } from "vitest";
import { activeFilters, conditions, DEFAULTS, pages, queryOf, readView, type View, writeView } from "./state";

const FULL: View = {
  hide: ["one", "two, three"],
  sex: "",
  line: "VT0*",
  image: "*40x*",
  least: 100.5,
  mask: 2,
  layout: "list",
  sort: "line",
  perLine: 1,
  page: 4,
  size: "all",
};

describe("the address of a list", () => {
  test("gives back what was put into it, and keeps what is not of the list", () => {
    const written = writeView(new URLSearchParams("tab=results&compare=a"), FULL);
    expect(readView(written)).toEqual(FULL);
    expect(written.get("tab")).toBe("results");
    expect(written.get("compare")).toBe("a");
  });

  test("has nothing of what is as usual", () => {
    expect(writeView(new URLSearchParams("page=3&sort=line&hide=a"), { ...DEFAULTS }).toString()).toBe("");
  });

  test("that nobody can read is the usual one", () => {
    const text = "view=table&sort=__proto__&page=-1&size=31&mask=x&per_line=0&score=many";
    expect(readView(new URLSearchParams(text))).toEqual(DEFAULTS);
  });

  test("begins at the first page when the list is another one, and stays when it only looks otherwise", () => {
    const third = new URLSearchParams("page=3");
    expect(readView(writeView(third, { line: "a" })).page).toBe(1);
    expect(readView(writeView(third, { size: 10 })).page).toBe(1);
    expect(readView(writeView(third, { layout: "list" })).page).toBe(3);
  });
});

describe("what the server is asked", () => {
  test("are the filters, each as a condition on the field of the form", () => {
    expect(conditions(FULL, "ended")).toEqual([
      "image/libraryName!=one",
      "image/libraryName!=two, three",
      "image/gender=",
      "image/publishedName~VT0*",
      "image/id~*40x*",
      "normalizedScore>=100.5",
    ]);
    expect(conditions(FULL, "running")).toContain("matching_pixels>=100.5");
    expect(conditions(DEFAULTS, "ended")).toEqual([]);
  });

  test("has no more than what is needed", () => {
    expect(queryOf(DEFAULTS, "ended", ["/results"])).toEqual({ at: ["/results"] });
    expect(queryOf({ ...DEFAULTS, sort: "pixels", perLine: 2 }, "running", ["/matches/0"])).toEqual({
      at: ["/matches/0"],
      sort: ["-matching_pixels"],
      per: "item/metadata/published_name",
      most_per: 2,
    });
  });
});

test("each kind of filter counts once", () => {
  expect(activeFilters(DEFAULTS)).toBe(0);
  expect(activeFilters(FULL)).toBe(6);
  expect(activeFilters({ ...DEFAULTS, sex: "" })).toBe(1);
});

test("there is always a page", () => {
  expect([pages(0, 30), pages(30, 30), pages(31, 30)]).toEqual([1, 1, 2]);
});
