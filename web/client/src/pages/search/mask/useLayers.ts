import { useMemo } from "react";
import type { Pixels } from "../image/png";
import { type History, rasterOf } from "./drawing";
import { countSet, outline } from "./raster";
import { type Box, countSeen, seen } from "./seen";
import { shade } from "./shade";

/**
 * What is drawn on an image, as pixels; made anew only when it changes.
 *
 * Args: `file` is the negative mask that is used where none is drawn.
 */
export function useLayers(
  image: Pixels,
  history: History,
  threshold: number | null,
  boxes: readonly Box[],
  file: Pixels | null,
) {
  const mask = useMemo(() => rasterOf(history, "mask", image.width, image.height), [history, image]);
  const negative = useMemo(() => rasterOf(history, "negative", image.width, image.height), [history, image]);
  const visible = useMemo(() => seen(image, mask, threshold ?? 0, boxes), [image, mask, threshold, boxes]);
  const pixels = useMemo(() => countSet(visible), [visible]);
  /** How many pixels the search compares of the negative mask; null where there is none. */
  const against = useMemo(() => {
    const from = negative === null ? file : image;
    return from === null ? null : countSeen(from, negative, threshold ?? 0, boxes);
  }, [image, file, negative, threshold, boxes]);
  return useMemo(
    () => ({ mask, negative, seen: visible, pixels, against }),
    [mask, negative, visible, pixels, against],
  );
}

export type Layers = ReturnType<typeof useLayers>;

/** The picture and the outlines of the layers, for the canvas. */
export function usePictures(image: Pixels, { mask, negative, seen: visible }: Layers, preview: boolean) {
  const picture = useMemo(() => {
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    const rgba = shade(image, mask, preview ? visible : null);
    canvas.getContext("2d")?.putImageData(new ImageData(rgba, image.width, image.height), 0, 0);
    return canvas;
  }, [image, mask, preview, visible]);
  const maskLines = useMemo(() => (mask === null ? [] : outline(mask)), [mask]);
  const negativeLines = useMemo(() => (negative === null ? [] : outline(negative)), [negative]);
  return { picture, mask: maskLines, negative: negativeLines };
}
