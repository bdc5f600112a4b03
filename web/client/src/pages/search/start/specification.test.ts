import { expect, test } from "vitest";
import type { Analysis } from "../../../api/client";
import { isSearch, type Search, specifications } from "./specification";

function analysis(library: string | string[], kind: Analysis["kind"] = "search"): Analysis {
  const parameters = { properties: { mask: { type: "string" }, library: { type: library } } };
  return {
    name: "a",
    version: "1",
    title: "A",
    description: "",
    kind,
    compute: "",
    parameters,
    presets: [],
    next: [],
    links: {},
    lists_items: false,
  };
}

const search: Search = {
  analysis: analysis("string"),
  name: "neuron",
  mask: "m",
  negative: null,
  libraries: ["one", "two"],
  values: { xy_shift: 4 },
  label: "k",
};

test("an analysis of one library has a job for each, which share a label and say their library", () => {
  expect(specifications(search)).toEqual([
    {
      analysis: "a",
      name: "neuron",
      labels: { search: "k", library: "one" },
      parameters: { xy_shift: 4, mask: "upload:m", library: "library:one" },
    },
    {
      analysis: "a",
      name: "neuron",
      labels: { search: "k", library: "two" },
      parameters: { xy_shift: 4, mask: "upload:m", library: "library:two" },
    },
  ]);
});

test("an analysis of lists has one job", () => {
  const [only, ...others] = specifications({ ...search, analysis: analysis(["string", "array"]), negative: "n" });
  expect(others).toEqual([]);
  expect(only).toEqual({
    analysis: "a",
    name: "neuron",
    parameters: { xy_shift: 4, mask: "upload:m", library: ["library:one", "library:two"], negative_mask: "upload:n" },
  });
});

test("one library is no list", () => {
  const [only] = specifications({ ...search, libraries: ["one"] });
  expect(only).toEqual({
    analysis: "a",
    name: "neuron",
    parameters: { xy_shift: 4, mask: "upload:m", library: "library:one" },
  });
});

test("only what searches with a mask is offered", () => {
  expect(isSearch(analysis("string"))).toBe(true);
  expect(isSearch(analysis("string", "items"))).toBe(false);
  expect(isSearch({ ...analysis("string"), parameters: null })).toBe(false);
});
