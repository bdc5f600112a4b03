/** Matches as a table for spreadsheets, with the columns of NeuronBridge's. Pure. */

import { type Match, told } from "../match";

export interface Row {
  /** From 1, in the order of the table. */
  number: number;
  /** From 1, among all matches of the mask. */
  rank: number;
  match: Match;
}

type Cell = string | number;

const COLUMNS: [string, (row: Row) => Cell][] = [
  ["Number", ({ number }) => number],
  ["Line/Neuron ID", ({ match }) => match.line],
  ["Rank", ({ rank }) => rank],
  ["Score", ({ match }) => match.score],
  ["Matched Pixels", ({ match }) => match.pixels ?? ""],
  ["Library", ({ match }) => match.library ?? ""],
  ["Channel", ({ match }) => told(match, "channel", "channel")],
  ["Magnification", ({ match }) => told(match, "objective", "objective")],
  ["Slide Code", ({ match }) => told(match, "slideCode", "slide_code")],
  ["Sex", ({ match }) => match.sex ?? ""],
  ["Alignment Space", ({ match }) => told(match, "alignmentSpace", "alignment_space")],
  ["Mounting Protocol", ({ match }) => told(match, "mountingProtocol", "mounting_protocol")],
  ["Anatomical Area", ({ match }) => told(match, "anatomicalArea", "anatomical_area")],
  [
    "Neuron Type/Instance",
    ({ match }) =>
      [told(match, "neuronType", "neuron_type"), told(match, "neuronInstance", "neuron_instance")]
        .filter((part) => part !== "")
        .join("/"),
  ],
  ["Mirrored", ({ match }) => (match.mirrored ? "yes" : "no")],
  ["Image", ({ match }) => match.id],
];

/** RFC 4180, in UTF-8 with the mark by which spreadsheets know it. */
export function csvOf(rows: readonly Row[]): string {
  const lines = [COLUMNS.map(([name]) => name), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  return `\uFEFF${lines.map((cells) => `${cells.map(cellText).join(",")}\r\n`).join("")}`;
}

/** A cell. Spreadsheets run texts that begin like a formula, unless a quote comes before them; numbers are numbers. */
function cellText(cell: Cell): string {
  if (typeof cell === "number") return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
