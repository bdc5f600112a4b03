import type { Analysis } from "../../../api/client";
import { same } from "../../../components/json";
import { properties, type Values } from "../../../components/schema";

type Preset = Analysis["presets"][number];

/** The values that differ from the defaults after a preset is applied; what it does not name stays. */
export function applied(analysis: Analysis, preset: Preset, values: Values): Values {
  const defaults = new Map(properties(analysis.parameters).map(([name, property]) => [name, property.default]));
  const next = { ...values, ...preset.parameters };
  return Object.fromEntries(Object.entries(next).filter(([name, value]) => !same(value, defaults.get(name))));
}

/** The preset that the values are of: of several, the one that says the most; null for one's own. */
export function presetOf(analysis: Analysis, values: Values): Preset | null {
  const defaults = new Map(properties(analysis.parameters).map(([name, property]) => [name, property.default]));
  const fitting = analysis.presets.filter((preset) =>
    Object.entries(preset.parameters).every(([name, value]) => same(values[name] ?? defaults.get(name), value)),
  );
  const size = (preset: Preset) => Object.keys(preset.parameters).length;
  return fitting.toSorted((one, other) => size(other) - size(one))[0] ?? null;
}
