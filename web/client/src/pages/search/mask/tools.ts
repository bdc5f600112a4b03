import { IconBrush, IconEraser, IconHandMove, IconLasso, IconPolygon } from "@tabler/icons-react";
import { type Layer, type Step, thinned } from "./drawing";

export type Tool = "lasso" | "polygon" | "brush" | "eraser" | "move";

export const TOOLS = [
  { tool: "lasso", label: "Lasso", key: "l", icon: IconLasso },
  { tool: "polygon", label: "Polygon", key: "p", icon: IconPolygon },
  { tool: "brush", label: "Brush", key: "b", icon: IconBrush },
  { tool: "eraser", label: "Eraser", key: "e", icon: IconEraser },
  { tool: "move", label: "Move the image", key: "m", icon: IconHandMove },
] as const satisfies readonly { tool: Tool; label: string; key: string; icon: unknown }[];

/** How one draws. */
export interface Manner {
  tool: Tool;
  layer: Layer;
  /** Whether lasso and polygon add to what is drawn, or take away from it. */
  add: boolean;
  /** Diameter of brush and eraser, in pixels of the image. */
  size: number;
}

export const LEAST_SIZE = 1;
export const MOST_SIZE = 100;

/** What is being drawn and is not finished; points are x0, y0, x1, y1, ... in pixels of the image. */
export interface Pending {
  kind: "lasso" | "polygon" | "stroke";
  add: boolean;
  points: number[];
}

/** What drawing begins with; null for a tool that does not draw. */
export function begun({ tool, add }: Manner, x: number, y: number, other: boolean): Pending | null {
  if (tool === "move") return null;
  if (tool === "brush" || tool === "eraser") return { kind: "stroke", add: tool === "brush", points: [x, y] };
  return { kind: tool, add: other ? !add : add, points: [x, y] };
}

export function extended(pending: Pending, ...points: number[]): Pending {
  return { ...pending, points: [...pending.points, ...points] };
}

/** The step that a drawing makes when it is finished; null when it is too little for one. */
export function finished({ kind, add, points }: Pending, { layer, size }: Manner): Step | null {
  const kept = thinned(points);
  if (kind === "stroke") return { kind: "stroke", layer, add, radius: size / 2, points: kept };
  return kept.length < 6 ? null : { kind: "area", layer, add, points: kept };
}
