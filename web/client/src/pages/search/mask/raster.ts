/**
 * Areas and strokes as pixels. A pixel (x, y) is the square from (x, y) to (x + 1, y + 1); it belongs to a shape when its centre does.
 * Rasters have one byte a pixel, 0 or 1, in raster order.
 */

/** x0, y0, x1, y1, ... in pixels of the image. */
export type Points = readonly number[];

export interface Raster {
  width: number;
  height: number;
  data: Uint8Array;
}

export function emptyRaster(width: number, height: number): Raster {
  return { width, height, data: new Uint8Array(width * height) };
}

/** How many pixels are set. */
export function countSet(data: Uint8Array): number {
  let sum = 0;
  for (const one of data) sum += one;
  return sum;
}

/** Set the pixels inside a polygon, which closes itself; where it runs over itself, it is inside all the same. */
export function fillArea(raster: Raster, points: Points, value: 0 | 1): void {
  const { width, height, data } = raster;
  const corners = points.length / 2;
  if (corners < 3) return;
  let [top, bottom] = [height, 0];
  for (let at = 1; at < points.length; at += 2) {
    top = Math.min(top, Math.floor(points[at] as number));
    bottom = Math.max(bottom, Math.ceil(points[at] as number));
  }
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y += 1) {
    const crossings = crossed(points, y + 0.5);
    let winding = 0;
    for (const [number, { x, turn }] of crossings.entries()) {
      if (winding !== 0) {
        const from = Math.max(0, Math.ceil((crossings[number - 1]?.x ?? 0) - 0.5));
        const to = Math.min(width, Math.ceil(x - 0.5));
        if (to > from) data.fill(value, y * width + from, y * width + to);
      }
      winding += turn;
    }
  }
}

/** Where the border of a polygon crosses a line, from left to right, and in which direction. */
function crossed(points: Points, line: number): { x: number; turn: 1 | -1 }[] {
  const found: { x: number; turn: 1 | -1 }[] = [];
  let [x0, y0] = points.slice(-2) as [number, number];
  for (let at = 0; at < points.length; at += 2) {
    const [x1, y1] = [points[at] as number, points[at + 1] as number];
    if (y0 <= line !== y1 <= line) {
      found.push({ x: x0 + ((line - y0) / (y1 - y0)) * (x1 - x0), turn: y1 > y0 ? 1 : -1 });
    }
    [x0, y0] = [x1, y1];
  }
  return found.sort((a, b) => a.x - b.x);
}

/** Set the pixels whose centres are at most `radius` from a line through points. */
export function fillStroke(raster: Raster, points: Points, radius: number, value: 0 | 1): void {
  const last = points.length - 2;
  for (let at = 0; at <= Math.max(0, last - 2); at += 2) {
    const [x0, y0] = [points[at] as number, points[at + 1] as number];
    const next = Math.min(at + 2, last);
    fillSegment(raster, x0, y0, points[next] as number, points[next + 1] as number, radius, value);
  }
}

function fillSegment(
  { width, height, data }: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  radius: number,
  value: 0 | 1,
): void {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const [left, right] = [Math.floor(Math.min(x0, x1) - radius), Math.ceil(Math.max(x0, x1) + radius)];
  const [top, bottom] = [Math.floor(Math.min(y0, y1) - radius), Math.ceil(Math.max(y0, y1) + radius)];
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y += 1) {
    for (let x = Math.max(0, left); x < Math.min(width, right); x += 1) {
      const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      const [ax, ay] = [px - along * dx, py - along * dy];
      if (ax * ax + ay * ay <= radius * radius) data[y * width + x] = value;
    }
  }
}

/** The border between set pixels and others, as lines x0, y0, x1, y1, ... along the edges of pixels. */
export function outline({ width, height, data }: Raster): number[] {
  const lines: number[] = [];
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (data[y * width + x] as number);
  for (let y = 0; y <= height; y += 1) {
    let from = -1;
    for (let x = 0; x <= width; x += 1) {
      const border = x < width && at(x, y) !== at(x, y - 1);
      if (border && from < 0) from = x;
      if (!border && from >= 0) {
        lines.push(from, y, x, y);
        from = -1;
      }
    }
  }
  for (let x = 0; x <= width; x += 1) {
    let from = -1;
    for (let y = 0; y <= height; y += 1) {
      const border = y < height && at(x, y) !== at(x - 1, y);
      if (border && from < 0) from = y;
      if (!border && from >= 0) {
        lines.push(x, from, x, y);
        from = -1;
      }
    }
  }
  return lines;
}
