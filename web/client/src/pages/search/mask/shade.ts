import type { Pixels } from "../image/png";
import type { Raster } from "./raster";

/**
 * The image as the editor shows it, as RGBA: outside of the mask darker; inside of it grey where the search does not look.
 *
 * Args: `seen` has a byte a pixel, 1 where the search looks; null to show the mask as it is.
 */
export function shade(image: Pixels, mask: Raster | null, seen: Uint8Array | null): Uint8ClampedArray<ArrayBuffer> {
  const { rgb } = image;
  const rgba = new Uint8ClampedArray(image.width * image.height * 4);
  for (let at = 0; at < image.width * image.height; at += 1) {
    const [red, green, blue] = [rgb[at * 3] as number, rgb[at * 3 + 1] as number, rgb[at * 3 + 2] as number];
    const to = at * 4;
    rgba[to + 3] = 255;
    if (mask !== null && mask.data[at] === 0) {
      rgba[to] = red * 0.4;
      rgba[to + 1] = green * 0.4;
      rgba[to + 2] = blue * 0.4;
    } else if (seen !== null && seen[at] === 0) {
      const grey = (red * 0.3 + green * 0.59 + blue * 0.11) * 0.45;
      rgba[to] = grey;
      rgba[to + 1] = grey;
      rgba[to + 2] = grey;
    } else {
      rgba[to] = red;
      rgba[to + 1] = green;
      rgba[to + 2] = blue;
    }
  }
  return rgba;
}
