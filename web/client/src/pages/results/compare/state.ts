/** What is compared and how, as the address of the page has it. Pure. */

import type { Region } from "./region";

/** A picture of a pane: `also:KEY` is another match. */
export type Choice = "mask" | "negative" | "match" | "original" | `also:${string}`;
export type Mode = "side" | "overlay" | "blink";
export const MOST_PANES = 4;

export interface Comparison {
  /** Key of the match. */
  key: string;
  /** Which match of the list it is, from 1; a hint, as lists of running jobs change. */
  nth: number;
  mode: Mode;
  panes: Choice[];
  /** Whether matches are mirrored; null: those that matched mirrored. */
  mirror: boolean | null;
  /** Of the match over the mask, in percent. */
  opacity: number;
  /** Changes a second when blinking. */
  rate: number;
  /** What is looked at; null for the whole image. */
  region: Region | null;
}

export const RATES = [0.5, 1, 2, 3] as const;
export const USUAL: Omit<Comparison, "key" | "nth"> = {
  mode: "side",
  panes: ["mask", "match"],
  mirror: null,
  opacity: 50,
  rate: 1,
  region: null,
};
const NAMES = ["compare", "nth", "as", "pane", "mirror", "opacity", "rate", "zoom"];

/** The comparison that an address asks for; null when it is of the list alone. */
export function readComparison(params: URLSearchParams): Comparison | null {
  const key = params.get("compare");
  if (key === null || key === "") return null;
  const mode = params.get("as");
  const panes = params.getAll("pane").filter(isChoice).slice(0, MOST_PANES);
  const mirror = params.get("mirror");
  return {
    key,
    nth: Math.trunc(between(params.get("nth"), 1, 1e9) ?? 1),
    mode: mode === "overlay" || mode === "blink" ? mode : "side",
    panes: panes.length > 0 ? panes : [...USUAL.panes],
    mirror: mirror === "yes" ? true : mirror === "no" ? false : null,
    opacity: between(params.get("opacity"), 0, 100) ?? USUAL.opacity,
    rate: RATES.find((rate) => String(rate) === params.get("rate")) ?? USUAL.rate,
    region: regionOf(params.get("zoom")),
  };
}

/** An address with another comparison, or without any. */
export function writeComparison(params: URLSearchParams, next: Comparison | null): URLSearchParams {
  const written = new URLSearchParams(params);
  for (const name of NAMES) written.delete(name);
  if (next === null) return written;
  written.set("compare", next.key);
  written.set("nth", String(next.nth));
  if (next.mode !== USUAL.mode) written.set("as", next.mode);
  if (next.panes.join("\n") !== USUAL.panes.join("\n")) for (const pane of next.panes) written.append("pane", pane);
  if (next.mirror !== null) written.set("mirror", next.mirror ? "yes" : "no");
  if (next.opacity !== USUAL.opacity) written.set("opacity", String(next.opacity));
  if (next.rate !== USUAL.rate) written.set("rate", String(next.rate));
  if (next.region !== null) {
    const { zoom, x, y } = next.region;
    written.set("zoom", [zoom.toFixed(2), x.toFixed(4), y.toFixed(4)].join(","));
  }
  return written;
}

/** The panes, one more or fewer: what is not shown yet comes first. */
export function withPanes(panes: readonly Choice[], wanted: number, choices: readonly Choice[]): Choice[] {
  const unseen = choices.filter((choice) => !panes.includes(choice));
  return Array.from({ length: wanted }, (_, index) => panes[index] ?? unseen.shift() ?? "match");
}

function isChoice(text: string): text is Choice {
  return ["mask", "negative", "match", "original"].includes(text) || (text.startsWith("also:") && text.length > 5);
}

function regionOf(text: string | null): Region | null {
  const [zoom, x, y] = (text ?? "").split(",").map(Number);
  const usable = [zoom, x, y].every((value) => value !== undefined && Number.isFinite(value));
  if (!usable || zoom === undefined || x === undefined || y === undefined || zoom <= 1) return null;
  return { zoom, x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
}

function between(text: string | null, least: number, most: number): number | null {
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return value >= least && value <= most ? value : null;
}
