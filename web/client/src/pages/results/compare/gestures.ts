import { type RefObject, useEffect, useRef } from "react";

export interface Gestures {
  /** The pointer is over a point of the element; null when it has left. */
  point: (at: { left: number; top: number } | null) => void;
  pan: (right: number, down: number) => void;
  zoom: (factor: number, at: { left: number; top: number }) => void;
  whole: () => void;
}

/** Of the wheel, for a factor of e. */
const WHEEL_PIXELS = 400;

/** Drag, wheel and pinch on an element. The page does not scroll or zoom by what is done here. */
export function useGestures(element: RefObject<HTMLElement | null>, gestures: Gestures): void {
  const latest = useRef(gestures);
  useEffect(() => {
    latest.current = gestures;
  });
  useEffect(() => {
    const box = element.current;
    if (box === null) return undefined;
    const down = new Map<number, { left: number; top: number }>();
    const inside = (event: MouseEvent) => {
      const { left, top } = box.getBoundingClientRect();
      return { left: event.clientX - left, top: event.clientY - top };
    };
    const spread = () => {
      const [one, other] = [...down.values()];
      if (one === undefined || other === undefined) return null;
      return {
        left: (one.left + other.left) / 2,
        top: (one.top + other.top) / 2,
        distance: Math.max(1, Math.hypot(one.left - other.left, one.top - other.top)),
      };
    };
    const listeners = {
      pointerdown: (event: PointerEvent) => {
        if (event.button !== 0) return;
        box.setPointerCapture(event.pointerId);
        down.set(event.pointerId, inside(event));
        latest.current.point(inside(event));
      },
      pointermove: (event: PointerEvent) => {
        const to = inside(event);
        const from = down.get(event.pointerId);
        latest.current.point(to);
        if (from === undefined) return;
        const before = spread();
        down.set(event.pointerId, to);
        const after = spread();
        if (before === null || after === null) latest.current.pan(to.left - from.left, to.top - from.top);
        else {
          latest.current.pan(after.left - before.left, after.top - before.top);
          latest.current.zoom(after.distance / before.distance, after);
        }
      },
      pointerup: (event: PointerEvent) => void down.delete(event.pointerId),
      pointercancel: (event: PointerEvent) => void down.delete(event.pointerId),
      pointerleave: (event: PointerEvent) => {
        if (event.pointerType === "mouse") latest.current.point(null);
      },
      wheel: (event: WheelEvent) => {
        event.preventDefault();
        const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
        latest.current.zoom(Math.exp(-pixels / WHEEL_PIXELS), inside(event));
      },
      dblclick: () => latest.current.whole(),
    };
    for (const [name, listener] of Object.entries(listeners)) {
      box.addEventListener(name, listener as EventListener, { passive: false });
    }
    return () => {
      for (const [name, listener] of Object.entries(listeners)) {
        box.removeEventListener(name, listener as EventListener);
      }
    };
  }, [element]);
}
