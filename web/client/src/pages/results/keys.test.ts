import { describe, expect, test } from "vitest";
import { compareAction, listAction, moved } from "./keys";

const press = (key: string, held: Partial<Record<"shiftKey" | "ctrlKey" | "metaKey" | "altKey", boolean>> = {}) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held,
});

describe("keys", () => {
  test("do what the help says", () => {
    expect(listAction(press("ArrowDown"))).toEqual({ move: "down" });
    expect(listAction(press("X", { shiftKey: true }))).toBe("select");
    expect(listAction(press("?", { shiftKey: true }))).toBe("help");
    expect(compareAction(press("ArrowRight"))).toBe("next");
    expect(compareAction(press("ArrowRight", { shiftKey: true }))).toEqual({ pan: [-1, 0] });
    expect(compareAction(press("3"))).toEqual({ panes: 3 });
  });

  test("of the browser stay with the browser", () => {
    for (const held of ["ctrlKey", "metaKey", "altKey"] as const) {
      expect(listAction(press("x", { [held]: true }))).toBeNull();
      expect(compareAction(press("+", { [held]: true }))).toBeNull();
    }
    expect(listAction(press("Enter"))).toBeNull();
    expect(listAction(press("constructor"))).toBeNull();
  });
});

describe("arrows in a grid of 4 columns and 10 cards", () => {
  test.each([
    [0, "left", 0],
    [0, "up", 0],
    [1, "right", 2],
    [3, "right", 4],
    [1, "down", 5],
    [5, "up", 1],
    [6, "down", 9], // the last row is short
    [9, "down", 9],
    [8, "down", 8],
    [9, "right", 9],
    [5, "first", 0],
    [5, "last", 9],
  ] as const)("go from %i %s to %i", (from, move, to) => {
    expect(moved(from, move, 4, 10)).toBe(to);
  });
});
