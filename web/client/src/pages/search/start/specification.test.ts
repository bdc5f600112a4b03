import { expect, test } from "vitest";
import type { Analysis } from "../../../api/client";
import { endingOf, isSearch, type Search, specification, takesLists } from "./specification";

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
};

test("several libraries are a list", () => {
  expect(specification({ ...search, negative: "n" })).toEqual({
    analysis: "a",
    name: "neuron",
    parameters: { xy_shift: 4, mask: "upload:m", library: ["library:one", "library:two"], negative_mask: "upload:n" },
  });
});

test("one library is no list", () => {
  expect(specification({ ...search, libraries: ["one"] })).toEqual({
    analysis: "a",
    name: "neuron",
    parameters: { xy_shift: 4, mask: "upload:m", library: "library:one" },
  });
});

test("an analysis says whether it takes several libraries", () => {
  expect(takesLists(analysis(["string", "array"]))).toBe(true);
  expect(takesLists(analysis("string"))).toBe(false);
});

test("only what searches with a mask is offered", () => {
  expect(isSearch(analysis("string"))).toBe(true);
  expect(isSearch(analysis("string", "items"))).toBe(false);
  expect(isSearch({ ...analysis("string"), parameters: null })).toBe(false);
});

test.each([
  [1, 1, false, ""],
  [1, 1, true, "mask"],
  [3, 2, false, "channel2"],
  [3, 2, true, "channel2-mask"],
])("of %i channels, channel %i, drawn on: %s, the file is called %j", (channels, channel, drawn, ending) => {
  expect(endingOf(channels, channel, drawn)).toBe(ending);
});
