import { type PointerEvent, useEffect, useRef } from "react";
import { begun, extended, type Manner, type Pending } from "./tools";
import { type Extent, panned, toImage, type View, zoomed } from "./view";

interface PointerUse {
  manner: Manner;
  view: View;
  image: Extent;
  screen: Extent;
  pending: Pending | null;
  setPending: (pending: Pending | null) => void;
  setView: (view: View) => void;
  setCursor: (cursor: [number, number] | null) => void;
  finish: (pending: Pending) => void;
}

/** A click so near to the first corner of a polygon closes it, in CSS pixels. */
const NEAR = 10;
type Held = Map<number, [number, number]>;

/** Drawing and moving by mouse, pen and touch. Two fingers move and zoom, whatever the tool is. */
export function usePointer(use: PointerUse) {
  const held = useRef<Held>(new Map());
  const mode = useRef<"draw" | "pan" | "pinch" | null>(null);
  const drawing = useRef<Pending | null>(null);
  const { manner, view, image, screen, pending, setPending, setCursor, finish } = use;
  // Two fingers that move at once are two events, and the page may be drawn after both only.
  const latest = useRef(view);
  useEffect(() => {
    latest.current = view;
  });
  const setView = (next: View) => {
    latest.current = next;
    use.setView(next);
  };

  const place = (event: { clientX: number; clientY: number }, on: Element): [number, number] => {
    const box = on.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const hold = (next: Pending | null) => {
    drawing.current = next;
    setPending(next);
  };

  const corner = (x: number, y: number, event: PointerEvent) => {
    if (pending?.kind !== "polygon") {
      hold(begun(manner, x, y, event.altKey));
      return;
    }
    const [firstX = 0, firstY = 0] = pending.points;
    const near = Math.hypot(firstX - x, firstY - y) * view.scale < NEAR;
    if (near && pending.points.length >= 6) finish(pending);
    else setPending(extended(pending, x, y));
  };

  return {
    onPointerDown(event: PointerEvent<HTMLCanvasElement>) {
      if (event.button > 1) return;
      const canvas = event.currentTarget;
      const [sx, sy] = place(event, canvas);
      canvas.setPointerCapture(event.pointerId);
      held.current.set(event.pointerId, [sx, sy]);
      if (held.current.size > 1) {
        mode.current = "pinch";
        if (drawing.current !== null && drawing.current.kind !== "polygon") hold(null);
        return;
      }
      if (event.button === 1 || manner.tool === "move") {
        event.preventDefault();
        mode.current = "pan";
        return;
      }
      mode.current = "draw";
      const [x, y] = toImage(view, sx, sy);
      setCursor([x, y]);
      if (manner.tool === "polygon") corner(x, y, event);
      else hold(begun(manner, x, y, event.altKey));
    },

    onPointerMove(event: PointerEvent<HTMLCanvasElement>) {
      const canvas = event.currentTarget;
      const [sx, sy] = place(event, canvas);
      const before = held.current.get(event.pointerId);
      if (before !== undefined) {
        const others = [...held.current].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        held.current.set(event.pointerId, [sx, sy]);
        if (mode.current === "pinch" && others[0] !== undefined) {
          setView(pinched(latest.current, others[0], before, [sx, sy], image, screen));
          return;
        }
        if (mode.current === "pan") {
          setView(panned(latest.current, sx - before[0], sy - before[1], image, screen));
          return;
        }
      }
      setCursor(event.pointerType === "touch" && before === undefined ? null : toImage(view, sx, sy));
      const now = drawing.current;
      if (before === undefined || mode.current !== "draw" || now === null || now.kind === "polygon") return;
      const passed = event.nativeEvent.getCoalescedEvents?.() ?? [];
      const points = passed.length > 0 ? passed : [event.nativeEvent];
      hold(extended(now, ...points.flatMap((one) => toImage(view, ...place(one, canvas)))));
    },

    onPointerUp(event: PointerEvent<HTMLCanvasElement>) {
      if (!held.current.delete(event.pointerId)) return;
      if (held.current.size > 0) return;
      const now = drawing.current;
      if (mode.current === "draw" && now !== null && now.kind !== "polygon") finish(now);
      mode.current = null;
      drawing.current = null;
    },

    onPointerCancel(event: PointerEvent<HTMLCanvasElement>) {
      held.current.delete(event.pointerId);
      if (drawing.current !== null && drawing.current.kind !== "polygon") setPending(null);
      drawing.current = null;
      mode.current = null;
    },

    onPointerLeave() {
      if (held.current.size === 0) setCursor(null);
    },

    onDoubleClick() {
      if (pending?.kind === "polygon") finish(pending);
    },
  };
}

/** The view when one of two fingers has moved. */
function pinched(
  view: View,
  still: [number, number],
  before: [number, number],
  after: [number, number],
  image: Extent,
  screen: Extent,
): View {
  const apart = (one: [number, number]) => Math.max(1, Math.hypot(one[0] - still[0], one[1] - still[1]));
  const middle = (one: [number, number]) => [(one[0] + still[0]) / 2, (one[1] + still[1]) / 2] as const;
  const [from, to] = [middle(before), middle(after)];
  const moved = panned(view, to[0] - from[0], to[1] - from[1], image, screen);
  return zoomed(moved, apart(after) / apart(before), to[0], to[1], image, screen);
}
