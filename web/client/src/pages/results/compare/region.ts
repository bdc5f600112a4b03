/** The part of an image that panes show, alike in all of them, and where that puts each image. Pure. */

export interface Extent {
  width: number;
  height: number;
}

/** A place in an image as it is shown: shares of its width and height. */
export interface Place {
  x: number;
  y: number;
}

/** What is in the middle of a pane, and how much larger than when the whole image fits. */
export interface Region extends Place {
  zoom: number;
}

export const WHOLE: Region = { zoom: 1, x: 0.5, y: 0.5 };
export const MOST_ZOOM = 40;
const STEP = 0.15;

export interface Placed {
  /** Pixels of the screen for one of the image. */
  scale: number;
  left: number;
  top: number;
}

/** Where an image is in a pane. */
export function placed(region: Region, image: Extent, pane: Extent): Placed {
  const scale = Math.min(pane.width / image.width, pane.height / image.height) * region.zoom;
  return {
    scale,
    left: pane.width / 2 - region.x * image.width * scale,
    top: pane.height / 2 - region.y * image.height * scale,
  };
}

/** The place of the image under a point of the pane, which may be beside the image. */
export function placeAt(region: Region, image: Extent, pane: Extent, left: number, top: number): Place {
  const on = placed(region, image, pane);
  return { x: (left - on.left) / (image.width * on.scale), y: (top - on.top) / (image.height * on.scale) };
}

/** Where a place of the image is in the pane. */
export function pointOf(region: Region, image: Extent, pane: Extent, place: Place): { left: number; top: number } {
  const on = placed(region, image, pane);
  return { left: on.left + place.x * image.width * on.scale, top: on.top + place.y * image.height * on.scale };
}

/** Larger by a factor, or smaller, with a place staying where it is. */
export function zoomed(region: Region, factor: number, around: Place, image: Extent, pane: Extent): Region {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, region.zoom * factor));
  const real = zoom / region.zoom;
  const next = { zoom, x: around.x + (region.x - around.x) / real, y: around.y + (region.y - around.y) / real };
  return bounded(next, image, pane);
}

/** Moved by pixels of the screen: what is seen goes with the pointer. */
export function panned(region: Region, right: number, down: number, image: Extent, pane: Extent): Region {
  const { scale } = placed(region, image, pane);
  const next = { ...region, x: region.x - right / (image.width * scale), y: region.y - down / (image.height * scale) };
  return bounded(next, image, pane);
}

/** Larger by a factor, or smaller, around the middle. */
export function zoomedBy(region: Region, factor: number): Region {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, region.zoom * factor));
  return zoom === 1 ? WHOLE : { ...region, zoom };
}

/** Moved by a share of what is seen, as by keys: 1 to the right shows what is farther left. */
export function stepped(region: Region, right: number, down: number): Region {
  const inside = (middle: number) => Math.min(1 - 0.5 / region.zoom, Math.max(0.5 / region.zoom, middle));
  const step = STEP / region.zoom;
  return { ...region, x: inside(region.x - right * step), y: inside(region.y - down * step) };
}

/** With no more emptiness around the image than there must be. */
export function bounded(region: Region, image: Extent, pane: Extent): Region {
  const { scale } = placed(region, image, pane);
  const inside = (middle: number, seen: number) =>
    seen >= 1 ? 0.5 : Math.min(1 - seen / 2, Math.max(seen / 2, middle));
  return {
    zoom: region.zoom,
    x: inside(region.x, pane.width / (image.width * scale)),
    y: inside(region.y, pane.height / (image.height * scale)),
  };
}

/** The pixel of the image's file at a place as it is shown; null beside the image. */
export function pixelAt(place: Place, image: Extent, mirrored: boolean): { x: number; y: number } | null {
  const { x, y } = place;
  if (x < 0 || x >= 1 || y < 0 || y >= 1) return null;
  const column = Math.floor(x * image.width);
  return { x: mirrored ? image.width - 1 - column : column, y: Math.floor(y * image.height) };
}

/** Whether pixels are so large that they are shown as squares. */
export function crisp(scale: number, pixelRatio: number): boolean {
  return scale * pixelRatio >= 2;
}

/** The image's own transformation; a mirrored one is turned about its middle. */
export function transform(on: Placed, image: Extent, mirrored: boolean): string {
  const left = mirrored ? on.left + image.width * on.scale : on.left;
  return `translate(${left}px, ${on.top}px) scale(${mirrored ? -on.scale : on.scale}, ${on.scale})`;
}
