import { expect, test } from "vitest";
import { same } from "../../../components/json";
import { begin, differing, filled, givenUp, textOf, typed, whole, withoutDefault } from "./state";
import { read, write } from "./text";

const SCHEMA = {
  properties: {
    gain: { type: "number", default: 2 },
    boxes: { type: "array", default: [[0, 1]] },
    mode: { type: "string", default: "train" },
    label: { type: "string" },
  },
};

test("a text has all parameters, with their defaults, in the order of the form", () => {
  expect(Object.entries(whole(SCHEMA, { label: "a", gain: 3, extra: 1 }))).toEqual([
    ["gain", 3],
    ["boxes", [[0, 1]]],
    ["mode", "train"],
    ["label", "a"],
    ["extra", 1],
  ]);
});

test("what a text has at its default is as if it were not given", () => {
  expect(differing(SCHEMA, { gain: 2, boxes: [[0, 1]], mode: "predict", extra: 1 })).toEqual({
    mode: "predict",
    extra: 1,
  });
});

test("what has no default stays when defaults are gone back to", () => {
  expect(withoutDefault(SCHEMA, { gain: 3, label: "a", extra: 1 })).toEqual({ label: "a" });
});

test.each(["json", "yaml"] as const)("form and %s say the same, whichever of them is edited", (format) => {
  let state = filled(begin(SCHEMA), { gain: 5 });
  const text = textOf(state, format, SCHEMA, write);
  expect(text).toContain("5");
  state = typed(state, format, text.replace("5", "7"), SCHEMA, read(format, text.replace("5", "7")));
  expect(state.values).toEqual({ gain: 7 });
  state = filled(state, { gain: 8, label: "x" });
  expect(read(format, textOf(state, format, SCHEMA, write))).toEqual({
    values: whole(SCHEMA, { gain: 8, label: "x" }),
  });
});

test("nothing is lost while a text cannot be read", () => {
  let state = filled(begin(SCHEMA), { gain: 5 });
  state = typed(state, "json", '{"gain": 6', SCHEMA, read("json", '{"gain": 6'));
  expect(state.broken).toBe("json");
  expect(state.values).toEqual({ gain: 5 });
  state = { ...state, mode: "form" };
  expect(textOf(state, "json", SCHEMA, write)).toBe('{"gain": 6');
  state = givenUp(state);
  expect(state.broken).toBeNull();
  expect(read("json", textOf(state, "json", SCHEMA, write))).toEqual({ values: whole(SCHEMA, { gain: 5 }) });
});

test("what is half typed is given up with the text that cannot be read", () => {
  const strict = { ...SCHEMA, additionalProperties: false };
  let state = filled(begin(strict), { gain: 5 });
  const texts = ["g", "ga", "gain", "gain:", "gain: ", "gain: [", "gain: [1, 2", "gain: [1, 2\na: b"];
  for (const text of texts) state = typed(state, "yaml", text, strict, read("yaml", text));
  expect(state.broken).toBe("yaml");
  expect(state.values).toEqual({ gain: 5 });
  expect(givenUp(state).values).toEqual({ gain: 5 });
});

test.each([
  ["no value", "gain:"],
  ["a value of another type", "gain: high"],
  ["a value out of bounds", "depth: -1"],
  ["a value that is none of those that there are", "side: up"],
  ["a name that is not known", "gian: 1"],
])("a text with %s is not gone back to", (_, text) => {
  const more = {
    depth: { type: "integer", default: 1, minimum: 0 },
    side: { enum: ["left", "right"], default: "left" },
  };
  const strict = { properties: { ...SCHEMA.properties, ...more }, additionalProperties: false };
  let state = filled(begin(strict), { gain: 5, label: "x" });
  for (const one of [text, "gain: ["]) state = typed(state, "yaml", one, strict, read("yaml", one));
  expect(givenUp(state).values).toEqual({ gain: 5, label: "x" });
  for (const one of ["gain: 6", text, "gain: ["]) state = typed(state, "yaml", one, strict, read("yaml", one));
  expect(givenUp(state).values).toEqual({ gain: 6 });
});

test("a text stays as it was written, comments and all, while it says what is so", () => {
  const text = "# of the third mouse\ngain:   9 # high\n";
  const state = typed(begin(SCHEMA), "yaml", text, SCHEMA, read("yaml", text));
  expect(textOf(state, "yaml", SCHEMA, write)).toBe(text);
  expect(read("json", textOf(state, "json", SCHEMA, write))).toEqual({ values: whole(SCHEMA, { gain: 9 }) });
});

test("comments of a YAML text stay when a field of the form is changed", () => {
  const text = "# of the third mouse\ngain: 9 # high\nmode: predict\n";
  const state = filled(typed(begin(SCHEMA), "yaml", text, SCHEMA, read("yaml", text)), { gain: 4 });
  const shown = textOf(state, "yaml", SCHEMA, write);
  expect(shown).toContain("# of the third mouse\ngain: 4 # high\n");
  expect(read("yaml", shown)).toEqual({ values: whole(SCHEMA, { gain: 4 }) });
});

test("YAML is read as Skyburst reads it", () => {
  expect(read("yaml", "a: yes\nb: 0o7\nc: '1'\n")).toEqual({ values: { a: true, b: "0o7", c: "1" } });
  expect(read("yaml", write("yaml", { a: "yes", b: "on", c: "1:30" }))).toEqual({
    values: { a: "yes", b: "on", c: "1:30" },
  });
});

test("a text that is no object is refused, and an empty one says nothing", () => {
  expect(read("json", "[1]")).toHaveProperty("problem");
  expect(read("yaml", "just words")).toHaveProperty("problem");
  expect(read("yaml", "a: [1")).toHaveProperty("problem");
  expect(read("yaml", "# only a comment\n")).toEqual({ values: {} });
  expect(read("json", "  ")).toEqual({ values: {} });
});

test("values are equal whatever the order of their names", () => {
  expect(same({ a: [1, { b: null }], c: 2 }, { c: 2, a: [1, { b: null }] })).toBe(true);
  expect(same({ a: undefined }, {})).toBe(false);
  expect(same([1], { 0: 1 })).toBe(false);
});
