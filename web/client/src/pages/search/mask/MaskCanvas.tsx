import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import classes from "./MaskCanvas.module.css";
import { paint, type Scene } from "./paint";
import type { Manner, Pending } from "./tools";
import { useKeys } from "./useKeys";
import { usePointer } from "./usePointer";
import { type Extent, fitted, panned, type View, zoomed } from "./view";

interface MaskCanvasProps {
  /** What is shown, but for what is being drawn. */
  scene: Pick<Scene, "picture" | "image" | "mask" | "negative" | "boxes">;
  manner: Manner;
  onManner: (manner: Manner) => void;
  /** Null shows the whole image. */
  view: View | null;
  onView: (view: View | null) => void;
  onScreen: (screen: Extent) => void;
  pending: Pending | null;
  onPending: (pending: Pending | null) => void;
  onFinish: (pending: Pending) => void;
  onUndo: () => void;
  onRedo: () => void;
  onSay: (text: string) => void;
  /** Id of the element that tells how it is used. */
  help: string;
}

/** The image that is drawn on. */
export function MaskCanvas(props: MaskCanvasProps) {
  const { scene, manner, onView, onScreen, pending, onPending } = props;
  const { ref: frame, width, height } = useElementSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<[number, number] | null>(null);
  const [crosshair, setCrosshair] = useState(false);
  const screen = { width: Math.max(1, width), height: Math.max(1, height) };
  const view = props.view === null ? fitted(scene.image, screen) : panned(props.view, 0, 0, scene.image, screen);
  const ratio = globalThis.devicePixelRatio || 1;
  const drawing = manner.tool === "brush" || manner.tool === "eraser";

  useEffect(() => onScreen({ width, height }), [width, height, onScreen]);

  useEffect(() => {
    const context = canvas.current?.getContext("2d", { alpha: false });
    if (context == null) return;
    const whole = { ...scene, pending, cursor, crosshair, size: drawing ? manner.size : null };
    paint(context, whole, view, ratio);
  });

  // React's own listeners of wheels are passive: they cannot keep the page from scrolling.
  const wheel = useRef<(event: WheelEvent) => void>(() => undefined);
  useEffect(() => {
    wheel.current = (event) => {
      const box = (event.currentTarget as Element).getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015) * (event.deltaMode === 1 ? 20 : 1));
      const next = zoomed(view, factor, event.clientX - box.left, event.clientY - box.top, scene.image, screen);
      if (next.scale === view.scale) return; // it is as small as it can be: the page scrolls
      event.preventDefault();
      onView(next);
    };
  });
  useEffect(() => {
    const element = canvas.current;
    const listen = (event: WheelEvent) => wheel.current(event);
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, []);

  const common = { manner, view, image: scene.image, screen, pending, setPending: onPending, finish: props.onFinish };
  const pointer = usePointer({
    ...common,
    setView: onView,
    setCursor: (at) => {
      setCrosshair(false);
      setCursor(at);
    },
  });
  const keys = useKeys({
    ...common,
    setManner: props.onManner,
    setView: onView,
    cursor,
    setCursor,
    crosshair,
    setCrosshair,
    undo: props.onUndo,
    redo: props.onRedo,
    say: props.onSay,
  });

  return (
    <div ref={frame} className={classes.frame} style={{ aspectRatio: `${scene.image.width} / ${scene.image.height}` }}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes the keys itself, as applications do */}
      <canvas
        ref={canvas}
        className={classes.canvas}
        data-tool={manner.tool}
        width={Math.round(screen.width * ratio)}
        height={Math.round(screen.height * ratio)}
        tabIndex={0}
        role="application"
        aria-label="Image to draw the mask on"
        aria-describedby={props.help}
        onKeyDown={keys}
        {...pointer}
      />
    </div>
  );
}
