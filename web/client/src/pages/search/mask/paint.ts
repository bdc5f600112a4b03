import type { Pending } from "./tools";
import { type Extent, toImage, type View } from "./view";

/** Everything that the editor shows. Lines are along edges of pixels, see `outline`. */
export interface Scene {
  picture: CanvasImageSource;
  image: Extent;
  mask: number[];
  negative: number[];
  boxes: readonly (readonly [number, number, number, number])[];
  pending: Pending | null;
  /** Where the pointer or the crosshair of the keyboard is, in pixels of the image. */
  cursor: readonly [number, number] | null;
  /** Whether the crosshair is shown. */
  crosshair: boolean;
  /** Of brush and eraser, in pixels of the image; null for other tools. */
  size: number | null;
}

// On images that are black wherever nothing is, so the same in light and dark.
const MASK = "#ffe066";
const NEGATIVE = "#ff8fc7";
const BOX = "#ced4da";
const UNDER = "rgb(0 0 0 / 75%)";

/** Draw a scene. `ratio` is how many pixels of the canvas are one of CSS. */
export function paint(context: CanvasRenderingContext2D, scene: Scene, view: View, ratio: number): void {
  const { canvas } = context;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * view.x, ratio * view.y);
  context.imageSmoothingEnabled = view.scale * ratio < 1;
  context.imageSmoothingQuality = "high";
  context.drawImage(scene.picture, 0, 0);
  const line = 1 / view.scale;
  for (const [x0, y0, x1, y1] of scene.boxes)
    stroke(context, rectangle(x0, y0, x1, y1), BOX, line, [4 * line, 4 * line]);
  stroke(context, edges(scene.mask), MASK, 1.5 * line);
  stroke(context, edges(scene.negative), NEGATIVE, 1.5 * line, [6 * line, 3 * line]);
  if (scene.pending !== null) paintPending(context, scene.pending, scene, line);
  if (scene.cursor !== null) paintCursor(context, scene, view, line);
}

function paintPending(
  context: CanvasRenderingContext2D,
  pending: Pending,
  { cursor, size }: Scene,
  line: number,
): void {
  const { kind, points, add } = pending;
  const path = new Path2D();
  for (let at = 0; at < points.length; at += 2) path.lineTo(points[at] as number, points[at + 1] as number);
  if (kind === "stroke") {
    context.lineCap = "round";
    context.lineJoin = "round";
    if (points.length === 2) path.lineTo(points[0] as number, points[1] as number);
    context.strokeStyle = add ? "rgb(255 224 102 / 55%)" : "rgb(0 0 0 / 65%)";
    context.lineWidth = size ?? 1;
    context.stroke(path);
    return;
  }
  if (kind === "polygon" && cursor !== null) path.lineTo(cursor[0], cursor[1]);
  stroke(context, path, MASK, 1.5 * line, add ? [] : [5 * line, 3 * line]);
  const closing = new Path2D();
  const end = kind === "polygon" && cursor !== null ? cursor : (points.slice(-2) as [number, number]);
  closing.moveTo(end[0], end[1]);
  closing.lineTo(points[0] as number, points[1] as number);
  stroke(context, closing, MASK, line, [2 * line, 4 * line]);
  if (kind !== "polygon") return;
  for (let at = 0; at < points.length; at += 2) {
    const dot = new Path2D();
    dot.arc(points[at] as number, points[at + 1] as number, (at === 0 ? 5 : 3) * line, 0, 2 * Math.PI);
    context.fillStyle = MASK;
    context.fill(dot);
    context.strokeStyle = UNDER;
    context.lineWidth = line;
    context.stroke(dot);
  }
}

function paintCursor(context: CanvasRenderingContext2D, scene: Scene, view: View, line: number): void {
  const [x, y] = scene.cursor as [number, number];
  if (scene.size !== null) {
    const ring = new Path2D();
    ring.arc(x, y, scene.size / 2, 0, 2 * Math.PI);
    stroke(context, ring, "#fff", line);
  }
  if (!scene.crosshair) return;
  const [left, top] = toImage(view, 0, 0);
  const { canvas } = context;
  const cross = new Path2D();
  cross.moveTo(left, y);
  cross.lineTo(left + canvas.width / view.scale, y);
  cross.moveTo(x, top);
  cross.lineTo(x, top + canvas.height / view.scale);
  stroke(context, cross, "rgb(255 255 255 / 85%)", line, [3 * line, 3 * line]);
}

/** A line with a dark one under it, which is seen on every image. */
function stroke(
  context: CanvasRenderingContext2D,
  path: Path2D,
  colour: string,
  width: number,
  dash: number[] = [],
): void {
  context.lineCap = "butt";
  context.lineJoin = "round";
  context.setLineDash([]);
  context.strokeStyle = UNDER;
  context.lineWidth = width * 2.2;
  context.stroke(path);
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
  context.setLineDash([]);
}

function edges(lines: number[]): Path2D {
  const path = new Path2D();
  for (let at = 0; at < lines.length; at += 4) {
    path.moveTo(lines[at] as number, lines[at + 1] as number);
    path.lineTo(lines[at + 2] as number, lines[at + 3] as number);
  }
  return path;
}

function rectangle(x0: number, y0: number, x1: number, y1: number): Path2D {
  const path = new Path2D();
  path.rect(x0, y0, x1 - x0, y1 - y0);
  return path;
}
