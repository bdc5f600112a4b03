import { type CSSProperties, useEffect, useState } from "react";
import { usePicture } from "../../components/Picture";

/** Of the brain's template; what else images are like is seen when the first one has come. */
const USUAL = 1210 / 566;

/** Width of the images of a list over their height, by one of them. */
export function useShape(path: string | null): number {
  const [shape, setShape] = useState(USUAL);
  const { address } = usePicture(path);
  useEffect(() => {
    if (address === undefined) return undefined;
    const image = new Image();
    image.onload = () => setShape(Math.min(3, Math.max(0.4, image.naturalWidth / image.naturalHeight)));
    image.src = address;
    return () => {
      image.onload = null;
    };
  }, [address]);
  return shape;
}

/** The shape, for style sheets. */
export function shapeStyle(shape: number): CSSProperties {
  return { ["--shape" as string]: shape };
}
