import { expect, test } from "vitest";
import { changed } from "./schema";

const SCHEMA = {
  properties: {
    least: { type: "number", default: 2 },
    boxes: { type: "array", default: [[0, 1]] },
    limit: { type: ["integer", "null"], default: null },
    label: { type: "string" },
  },
};

test("a parameter that is changed back to its default is not changed", () => {
  let values = changed(SCHEMA, { label: "a" }, "least", 20);
  values = changed(SCHEMA, values, "boxes", []);
  values = changed(SCHEMA, values, "limit", 5);
  expect(values).toEqual({ label: "a", least: 20, boxes: [], limit: 5 });
  values = changed(SCHEMA, values, "least", 2);
  values = changed(SCHEMA, values, "boxes", [[0, 1]]);
  values = changed(SCHEMA, values, "limit", null);
  expect(values).toEqual({ label: "a" });
});

test("what is reset, or has no default, is as it is given", () => {
  expect(changed(SCHEMA, { least: 20 }, "least", undefined)).toEqual({});
  expect(changed(SCHEMA, {}, "label", "")).toEqual({ label: "" });
  expect(changed(null, {}, "any", 1)).toEqual({ any: 1 });
});
