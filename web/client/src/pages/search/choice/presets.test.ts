import { expect, test } from "vitest";
import type { Analysis } from "../../../api/client";
import { applied, presetOf } from "./presets";

const preset = (name: string, parameters: Record<string, unknown>) => ({
  name,
  title: name,
  description: "",
  parameters,
});
const strict = preset("strict", { threshold: 100, shift: 0 });
const usual = preset("usual", { threshold: 100 });
const analysis: Analysis = {
  name: "a",
  version: "1",
  title: "A",
  description: "",
  kind: "search",
  compute: "",
  lists_items: false,
  parameters: { properties: { threshold: { default: 100 }, shift: { default: 2 }, boxes: { default: [[0]] } } },
  presets: [usual, strict],
  next: [],
  links: {},
};

test("a preset leaves the other values, and only what differs from the defaults is kept", () => {
  expect(applied(analysis, strict, { threshold: 20, boxes: [] })).toEqual({ boxes: [], shift: 0 });
});

test("the preset that says the most is the one that is named", () => {
  expect(presetOf(analysis, {})).toBe(usual);
  expect(presetOf(analysis, { shift: 0 })).toBe(strict);
  expect(presetOf(analysis, { threshold: 7 })).toBeNull();
});
