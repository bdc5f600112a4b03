import { expect, test } from "vitest";
import type { Analysis } from "../../api/client";
import { given } from "./given";

test("parameters have the titles and the order of the form, without files", () => {
  const properties = {
    xy_shift: { title: "XY shift" },
    mask: { title: "Mask", format: "path" },
    mirror: { title: "Mirror the mask" },
    boxes: {},
    limit: { title: "Limit" },
    absent: { title: "Absent" },
  };
  const analysis = { parameters: { properties } } as unknown as Analysis;
  const parameters = { mirror: true, mask: "a.png", xy_shift: 2, boxes: [[1, null]], limit: null };
  expect(given(parameters, analysis)).toEqual([
    ["XY shift", "2"],
    ["Mirror the mask", "yes"],
    ["boxes", "[[1,null]]"],
    ["Limit", "none"],
  ]);
  expect(given(parameters, undefined)).toEqual([]);
});
