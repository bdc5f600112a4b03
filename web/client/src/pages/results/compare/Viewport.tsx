import { useElementSize, useMergedRef } from "@mantine/hooks";
import { type ReactNode, useRef, useState } from "react";
import { Picture } from "../../../components/Picture";
import classes from "./Comparison.module.css";
import { useGestures } from "./gestures";
import {
  crisp,
  type Extent,
  type Place,
  panned,
  pixelAt,
  placeAt,
  placed,
  pointOf,
  type Region,
  transform,
  WHOLE,
  zoomed,
} from "./region";

export interface Layer {
  path: string;
  alt: string;
  mirrored: boolean;
  /** 0 to 1. */
  opacity: number;
}

interface ViewportProps {
  /** Images over each other, the lowest first. */
  layers: Layer[];
  region: Region;
  onRegion: (change: (region: Region) => Region) => void;
  /** Where the crosshair is in all panes; null for nowhere. */
  cross: Place | null;
  onCross: (cross: Place | null) => void;
  children?: ReactNode;
}

/** A pane: images that can be zoomed and moved, and the crosshair. */
export function Viewport({ layers, region, onRegion, cross, onCross, children }: ViewportProps) {
  const { ref: sized, width, height } = useElementSize();
  const box = useRef<HTMLDivElement>(null);
  const [extent, setExtent] = useState<Extent | null>(null);
  const [failed, setFailed] = useState<readonly string[]>([]);
  const pane = { width, height };
  const ready = extent !== null && width > 0;
  useGestures(box, {
    point: (at) => ready && onCross(at === null ? null : placeAt(region, extent, pane, at.left, at.top)),
    pan: (right, down) => ready && onRegion((now) => panned(now, right, down, extent, pane)),
    zoom: (factor, at) =>
      ready && onRegion((now) => zoomed(now, factor, placeAt(now, extent, pane, at.left, at.top), extent, pane)),
    whole: () => onRegion(() => WHOLE),
  });
  const on = ready ? placed(region, extent, pane) : null;
  const missing = layers.filter((layer) => failed.includes(layer.path));
  return (
    <div ref={useMergedRef(sized, box)} className={classes.viewport} data-zoomed={region.zoom > 1}>
      {layers.map((layer) => (
        <Picture
          key={layer.path}
          path={layer.path}
          alt={layer.alt}
          loading="eager"
          className={classes.image}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setExtent((now) =>
              now?.width === naturalWidth && now.height === naturalHeight
                ? now
                : { width: naturalWidth, height: naturalHeight },
            )
          }
          onError={() => setFailed((now) => [...now, layer.path])}
          style={{
            background: "none",
            opacity: layer.opacity,
            imageRendering: on !== null && crisp(on.scale, devicePixelRatio) ? "pixelated" : "auto",
            ...(on === null || extent === null
              ? { visibility: "hidden" }
              : { width: extent.width, height: extent.height, transform: transform(on, extent, layer.mirrored) }),
          }}
        />
      ))}
      {ready && cross !== null && <Cross at={pointOf(region, extent, pane, cross)} />}
      {ready && cross !== null && <Pixel cross={cross} extent={extent} mirrored={layers.at(-1)?.mirrored ?? false} />}
      {missing.length > 0 && (
        <p className={classes.failed}>{missing.map((one) => one.alt).join(", ")}: cannot be shown</p>
      )}
      {children}
    </div>
  );
}

function Cross({ at }: { at: { left: number; top: number } }) {
  return (
    <>
      <span className={classes.across} style={{ top: at.top }} data-cross={at.top.toFixed(1)} />
      <span className={classes.along} style={{ left: at.left }} data-cross={at.left.toFixed(1)} />
    </>
  );
}

function Pixel({ cross, extent, mirrored }: { cross: Place; extent: Extent; mirrored: boolean }) {
  const pixel = pixelAt(cross, extent, mirrored);
  if (pixel === null) return null;
  return (
    <span className={classes.pixel}>
      {pixel.x}, {pixel.y}
    </span>
  );
}
