import type { KeyboardEvent } from "react";
import { begun, extended, LEAST_SIZE, type Manner, MOST_SIZE, type Pending, TOOLS } from "./tools";
import { type Extent, panned, showing, toImage, type View, zoomed } from "./view";

interface KeyUse {
  manner: Manner;
  setManner: (manner: Manner) => void;
  view: View;
  image: Extent;
  screen: Extent;
  setView: (view: View | null) => void;
  pending: Pending | null;
  setPending: (pending: Pending | null) => void;
  cursor: readonly [number, number] | null;
  setCursor: (cursor: [number, number]) => void;
  /** Whether the keys set the corners, and not the pointer. */
  crosshair: boolean;
  setCrosshair: (shown: boolean) => void;
  finish: (pending: Pending) => void;
  undo: () => void;
  redo: () => void;
  say: (text: string) => void;
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const FAR = 10;
/** CSS pixels by which an arrow key moves the image. */
const PAN = 40;

/**
 * Everything by keyboard: arrows move a crosshair (with Shift by ten pixels), Enter sets a corner or a dab of the brush there, C closes
 * the area, Backspace takes the last corner back, Escape all of them. Where the pointer sets corners, Enter closes the area.
 */
export function useKeys(use: KeyUse) {
  const { manner, view, image, screen, pending, cursor } = use;
  const middle = () => toImage(view, screen.width / 2, screen.height / 2);

  const move = ([dx, dy]: [number, number], far: boolean) => {
    if (manner.tool === "move") {
      use.setView(panned(view, -dx * PAN, -dy * PAN, image, screen));
      return;
    }
    const [x, y] = (cursor ?? middle()).map(Math.round) as [number, number];
    const step = far ? FAR : 1;
    const next: [number, number] = [
      Math.min(image.width, Math.max(0, x + dx * step)),
      Math.min(image.height, Math.max(0, y + dy * step)),
    ];
    use.setCursor(next);
    use.setCrosshair(true);
    use.setView(showing(view, next[0], next[1], image, screen));
    use.say(`${next[0]}, ${next[1]}`);
  };

  const set = () => {
    if (pending?.kind === "polygon" && !use.crosshair) {
      use.finish(pending);
      return;
    }
    const [x, y] = (cursor ?? middle()).map(Math.round) as [number, number];
    use.setCursor([x, y]);
    use.setCrosshair(true);
    if (manner.tool === "move") return;
    if (manner.tool === "brush" || manner.tool === "eraser") {
      const dab = begun(manner, x, y, false);
      if (dab !== null) use.finish(dab);
      return;
    }
    if (pending?.kind !== "polygon") {
      use.setPending(begun({ ...manner, tool: "polygon" }, x, y, false));
      use.say(`First corner at ${x}, ${y}`);
    } else if (pending.points[0] === x && pending.points[1] === y) {
      use.finish(pending);
    } else {
      use.setPending(extended(pending, x, y));
      use.say(`Corner ${pending.points.length / 2 + 1} at ${x}, ${y}`);
    }
  };

  const back = () => {
    if (pending === null) return;
    const points = pending.points.slice(0, -2);
    use.setPending(points.length === 0 ? null : { ...pending, points });
    use.say(points.length === 0 ? "No corner is left" : `${points.length / 2} corners are left`);
  };

  const zoom = (factor: number) => {
    const at = cursor === null ? middle() : cursor;
    use.setView(zoomed(view, factor, at[0] * view.scale + view.x, at[1] * view.scale + view.y, image, screen));
  };

  /** Whether the key means something here. */
  const pressed = (event: KeyboardEvent): boolean => {
    const { key } = event;
    const arrow = ARROWS[key];
    const command = event.ctrlKey || event.metaKey;
    if (command) {
      const again = key.toLowerCase() === "y" || (key.toLowerCase() === "z" && event.shiftKey);
      if (again) use.redo();
      else if (key.toLowerCase() === "z") use.undo();
      else return false;
    } else if (event.altKey) return false;
    else if (arrow !== undefined) move(arrow, event.shiftKey);
    else if (key === "Enter" || key === " ") set();
    else if (key === "c" && pending !== null) use.finish(pending);
    else if (key === "Escape" && pending !== null) use.setPending(null);
    else if (key === "Backspace" && pending !== null) back();
    else if (key === "+" || key === "=") zoom(1.5);
    else if (key === "-") zoom(1 / 1.5);
    else if (key === "0") use.setView(null);
    else if (key === "[") use.setManner({ ...manner, size: Math.max(LEAST_SIZE, manner.size - 2) });
    else if (key === "]") use.setManner({ ...manner, size: Math.min(MOST_SIZE, manner.size + 2) });
    else {
      const chosen = TOOLS.find((one) => one.key === key);
      if (chosen === undefined) return false;
      use.setManner({ ...manner, tool: chosen.tool });
      use.say(chosen.label);
    }
    return true;
  };

  return (event: KeyboardEvent) => {
    if (pressed(event)) event.preventDefault();
  };
}
