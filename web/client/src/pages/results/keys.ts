/** What keys do. Pure. */

export interface Pressed {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

export type Move = "left" | "right" | "up" | "down" | "first" | "last";
export type ListAction = { move: Move } | "select" | "search" | "help";
export type CompareAction =
  | "previous"
  | "next"
  | "in"
  | "out"
  | "whole"
  | "mirror"
  | "side"
  | "overlay"
  | "blink"
  | "swap"
  | "select"
  | "help"
  | { panes: number }
  | { pan: [number, number] };

const MOVES = new Map<string, Move>([
  ["ArrowLeft", "left"],
  ["ArrowRight", "right"],
  ["ArrowUp", "up"],
  ["ArrowDown", "down"],
  ["Home", "first"],
  ["End", "last"],
]);

/** What a key does on a card of the list; null when it is not for the list. */
export function listAction(pressed: Pressed): ListAction | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const move = MOVES.get(pressed.key);
  if (move !== undefined) return { move };
  switch (pressed.key) {
    case "x":
    case "X":
      return "select";
    case "s":
      return "search";
    case "?":
      return "help";
    default:
      return null;
  }
}

/** Which match is gone to from one of them. */
export function moved(from: number, move: Move, columns: number, total: number): number {
  const last = total - 1;
  const to = {
    left: from - 1,
    right: from + 1,
    up: from - columns,
    down: from + columns,
    first: 0,
    last,
  }[move];
  if (to < 0) return move === "up" ? from : 0;
  if (to <= last) return to;
  // Below the last full row there may be a shorter one.
  return move === "down" && Math.floor(from / columns) === Math.floor(last / columns) ? from : last;
}

const COMPARE = new Map<string, CompareAction>([
  ["ArrowLeft", "previous"],
  ["ArrowRight", "next"],
  ["+", "in"],
  ["=", "in"],
  ["-", "out"],
  ["0", "whole"],
  ["1", { panes: 1 }],
  ["2", { panes: 2 }],
  ["3", { panes: 3 }],
  ["4", { panes: 4 }],
  ["m", "mirror"],
  ["p", "side"],
  ["o", "overlay"],
  ["b", "blink"],
  ["v", "swap"],
  ["x", "select"],
  ["?", "help"],
]);
const PAN = new Map<string, [number, number]>([
  ["ArrowLeft", [1, 0]],
  ["ArrowRight", [-1, 0]],
  ["ArrowUp", [0, 1]],
  ["ArrowDown", [0, -1]],
]);

/** What a key does in the comparison; null when it is not for it. */
export function compareAction(pressed: Pressed): CompareAction | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const pan = PAN.get(pressed.key);
  if (pressed.shiftKey && pan !== undefined) return { pan };
  return COMPARE.get(pressed.key) ?? null;
}

const TEXT = "textarea, select, [contenteditable=true], [role=listbox], [role=menu]";

/** Whether a key belongs to what has the focus: to what is typed into, and arrows to what they change. */
export function isOwned(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest(TEXT) !== null) return true;
  if (target.role === "slider") return MOVES.has(key);
  if (!(target instanceof HTMLInputElement)) return false;
  return target.type === "radio" ? MOVES.has(key) : target.type !== "checkbox";
}

/** The keys as people are told of them. */
export const HELP: { title: string; keys: [string[], string][] }[] = [
  {
    title: "In the list",
    keys: [
      [["←", "↑", "→", "↓"], "go to another match"],
      [["Home", "End"], "go to the first or the last match of the page"],
      [["Enter"], "compare the match with the mask"],
      [["x"], "select it; with Shift, all from the last one that was selected"],
      [["s"], "search with it"],
      [["?"], "show the keys"],
    ],
  },
  {
    title: "In the comparison",
    keys: [
      [["←", "→"], "the match before, the next match"],
      [["+", "-", "0"], "larger, smaller, the whole image"],
      [["Shift", "arrow"], "move what is seen"],
      [["1", "2", "3", "4"], "that many panes"],
      [["p", "o", "b"], "side by side, overlay, blink"],
      [["v"], "swap the two images when blinking"],
      [["m"], "mirror the match"],
      [["x"], "select it"],
      [["Esc"], "back to the list"],
    ],
  },
];
