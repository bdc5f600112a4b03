import { expect, test } from "vitest";
import { fitted } from "./chart";

const CHART = {
  background: "white",
  config: { font: "sans-serif", axis: { gridColor: "#eee" } },
  vconcat: [
    { width: 900, height: 90, encoding: { x: { field: "at" } } },
    { width: 900, height: 60, encoding: { fill: { field: "phase", legend: { columns: 6, orient: "bottom" } } } },
  ],
};

test("charts are as wide as there is room, and legends break where there is little", () => {
  const wide = fitted(CHART, 1000, false).vconcat as Record<string, unknown>[];
  expect(wide.map((one) => one.width)).toEqual([890, 890]);
  expect(wide[1]?.encoding).toEqual(CHART.vconcat[1]?.encoding);
  const narrow = fitted(CHART, 358, false).vconcat as Record<string, unknown>[];
  expect(narrow[1]).toMatchObject({ width: 248, encoding: { fill: { legend: { columns: 3, orient: "bottom" } } } });
});

test("colours suit the page, and nothing else changes", () => {
  const dark = fitted(CHART, 1000, true);
  expect(dark.background).toBe("transparent");
  expect(dark.config).toMatchObject({ font: "sans-serif", axis: { labelColor: "#c9c9c9" } });
  expect(CHART.background).toBe("white");
});
