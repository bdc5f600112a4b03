import type { LogLine } from "../../../api/client";

/** The lines of a log that are known so far. It is never changed: more lines make another one. */
export interface LogBuffer {
  lines: readonly LogLine[];
  /** Number of the last line; 0 when there is none. */
  last: number;
}

/** A line, or what is not kept of a log that grew too long: only its begin and its end are. */
export type LogRow = { kind: "line"; line: LogLine } | { kind: "gap"; from: number; to: number };

/** Of a log that grows without end so much of its begin, and at least so much of its end, is kept, as by the server. */
export const FIRST_LINES = 80_000;
export const LAST_LINES = 20_000;

export const EMPTY: LogBuffer = { lines: [], last: 0 };

/** A log with what was read after its last line. Lines that are known already, as of two readers at once, count once. */
export function append(buffer: LogBuffer, more: readonly LogLine[]): LogBuffer {
  const fresh = more.filter((line) => line.line > buffer.last);
  const last = fresh.at(-1);
  if (last === undefined) return buffer;
  const lines = buffer.lines.concat(fresh);
  if (lines.length <= FIRST_LINES + 2 * LAST_LINES) return { lines, last: last.line };
  return { lines: [...lines.slice(0, FIRST_LINES), ...lines.slice(-LAST_LINES)], last: last.line };
}

/** What is shown: each line, and where lines are missing how many. */
export function rows(buffer: LogBuffer): LogRow[] {
  const found: LogRow[] = [];
  let before = 0;
  for (const line of buffer.lines) {
    if (line.line > before + 1) found.push({ kind: "gap", from: before + 1, to: line.line - 1 });
    found.push({ kind: "line", line });
    before = line.line;
  }
  return found;
}

/** The places of the rows that have a text in them; letter case does not count. */
export function found(shown: readonly LogRow[], text: string): number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  return shown.flatMap((row, index) =>
    row.kind === "line" && plain(row.line.text).toLowerCase().includes(wanted) ? [index] : [],
  );
}

// What terminals take for colours and for moving about.
const CONTROL = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");

/** A line without what only a terminal understands. */
export function plain(text: string): string {
  return text.replace(CONTROL, "");
}

/** The log as a file. */
export function logText(buffer: LogBuffer): string {
  return rows(buffer)
    .map((row) =>
      row.kind === "gap"
        ? `... lines ${row.from} to ${row.to} are not kept ...\n`
        : `${row.line.at ?? ""}\t${row.line.stream}\t${row.line.text}\n`,
    )
    .join("");
}

/** The time of day of a line, in this place's time; nothing for a note of the engine that has none. */
export function clock(at: string | null): string {
  if (at === null) return "";
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : time.toLocaleTimeString(undefined, { hour12: false });
}
