import { expect, test } from "vitest";
import type { LogLine } from "../../../api/client";
import { append, clock, EMPTY, FIRST_LINES, found, LAST_LINES, logText, plain, rows } from "./logBuffer";

const line = (number: number, text = `line ${number}`): LogLine => ({
  line: number,
  at: "2026-01-01T00:00:00.000+00:00",
  stream: "out",
  text,
});

test("lines that are read twice are there once", () => {
  const first = append(EMPTY, [line(1), line(2)]);
  expect(append(first, [line(2), line(3)]).lines.map((one) => one.line)).toEqual([1, 2, 3]);
});

test("a log to which nothing is added stays the very same, so that nothing is drawn again", () => {
  const log = append(EMPTY, [line(1)]);
  expect(append(log, [])).toBe(log);
  expect(append(log, [line(1)])).toBe(log);
});

test("a log is never changed in place", () => {
  const log = append(EMPTY, [line(1)]);
  append(log, [line(2)]);
  expect(log.lines).toHaveLength(1);
});

test("what is not kept in the middle of a long log is told", () => {
  const log = append(EMPTY, [line(1), line(2), line(10)]);
  expect(rows(log).map((row) => (row.kind === "gap" ? `${row.from}-${row.to}` : row.line.line))).toEqual([
    1,
    2,
    "3-9",
    10,
  ]);
  expect(logText(log)).toContain("lines 3 to 9 are not kept");
});

test("of a log that grows without end the begin and the end are kept", () => {
  let log = append(EMPTY, [line(1)]);
  const most = FIRST_LINES + 2 * LAST_LINES;
  for (let from = 2; from < 300_000; from += 10_000) {
    log = append(
      log,
      Array.from({ length: 10_000 }, (_, index) => line(from + index)),
    );
    expect(log.lines.length).toBeLessThanOrEqual(most);
  }
  expect(log.lines[FIRST_LINES - 1]?.line).toBe(FIRST_LINES);
  expect(log.lines.at(-1)?.line).toBe(log.last);
  expect(log.lines.at(-LAST_LINES)?.line).toBe(log.last - LAST_LINES + 1);
  expect(rows(log).filter((row) => row.kind === "gap")).toHaveLength(1);
});

test("the note of lines that are not kept has no time", () => {
  const note = { ...line(3, "... 7 lines are not kept ..."), at: null, stream: "env" };
  expect(clock(note.at)).toBe("");
  expect(logText(append(EMPTY, [line(1), line(2), note]))).toContain("\n\tenv\t... 7 lines");
});

test("lines are found whatever their letter case, and colours of terminals are no text", () => {
  const control = String.fromCharCode(27);
  const shown = rows(
    append(EMPTY, [line(1, `${control}[31mError${control}[0m: no memory`), line(2), line(3, "ERROR")]),
  );
  expect(found(shown, " error ")).toEqual([0, 2]);
  expect(found(shown, "31m")).toEqual([]);
  expect(found(shown, "")).toEqual([]);
  expect(plain(`${control}[2K done`)).toBe(" done");
});

test("a hundred thousand lines are appended and searched in a moment", () => {
  const many = Array.from({ length: 100_000 }, (_, index) => line(index + 1));
  const began = performance.now();
  const log = append(EMPTY, many);
  expect(found(rows(log), "line 99999")).toHaveLength(1);
  expect(performance.now() - began).toBeLessThan(1_000);
});
