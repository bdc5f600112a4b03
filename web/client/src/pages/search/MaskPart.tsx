import { Alert } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useEffect, useMemo } from "react";
import { Section } from "../../components/Section";
import { changed, properties } from "../../components/schema";
import type { UploadedImage } from "./draft";
import type { PartProps } from "./ImagePart";
import type { Pixels } from "./image/png";
import { usePixels } from "./image/usePixels";
import { BOXES, NEGATIVE, THRESHOLD } from "./inputs";
import { MaskEditor } from "./mask/MaskEditor";
import { NegativeUpload } from "./mask/NegativeUpload";
import { countSet } from "./mask/raster";
import { type Box, boxesOf, judged, judgedAgainst } from "./mask/seen";
import { type Layers, useLayers } from "./mask/useLayers";

/** An image with what is drawn on it, ready to be sent. */
export interface Prepared {
  image: UploadedImage;
  pixels: Pixels;
  layers: Layers;
  /** Why a search with it cannot start, for people; null when it can. */
  obstacle: string | null;
}

interface MaskPartProps extends PartProps {
  image: UploadedImage;
  pixels: Pixels;
  problem: string | null;
  onPrepared: (prepared: Prepared | null) => void;
}

/** The mask that is drawn on an image, and what a search sees of it. */
export function MaskPart(props: MaskPartProps) {
  const { draft, change, analysis, image, pixels, problem, onPrepared } = props;
  const known = new Map(properties(analysis.parameters));
  const parameter = (name: string) => draft.values[name] ?? known.get(name)?.default;
  const given = parameter(THRESHOLD);
  const threshold = known.has(THRESHOLD) ? (typeof given === "number" ? given : 0) : null;
  const boxesText = JSON.stringify(parameter(BOXES) ?? []);
  const written = useMemo(() => boxesOf(JSON.parse(boxesText)), [boxesText]);
  const boxes = written ?? NO_BOXES;
  const file = usePixels(known.has(NEGATIVE) ? (draft.negative?.upload ?? null) : null, 1);
  const layers = useLayers(pixels, draft.history, threshold, boxes, file.data ?? null);
  const obstacle = written === null ? NOT_BOXES : obstacleOf(pixels, layers, threshold);
  useEffect(() => {
    onPrepared({ image, pixels, layers, obstacle });
    return () => onPrepared(null);
  }, [image, pixels, layers, obstacle, onPrepared]);

  return (
    <Section title="Mask">
      {problem !== null && (
        <Alert color="red" role="alert" icon={<IconAlertTriangle aria-hidden />}>
          {problem}
        </Alert>
      )}
      <MaskEditor
        image={pixels}
        history={draft.history}
        onHistory={(history) => change({ history })}
        layers={layers}
        threshold={threshold}
        onThreshold={(next) => change({ values: changed(analysis.parameters, draft.values, THRESHOLD, next) })}
        boxes={boxes}
        negative={known.has(NEGATIVE)}
      >
        <NegativeUpload
          value={draft.negative}
          onChange={(negative) => change({ negative })}
          libraries={props.libraries}
          chosen={props.chosen}
          drawn={layers.negative !== null}
        />
      </MaskEditor>
    </Section>
  );
}

const NO_BOXES: Box[] = [];
const NOT_BOXES = "The label boxes are not boxes: each is [x0, y0, x1, y1] in pixels, and ends after it begins.";

function obstacleOf(pixels: Pixels, { mask, negative, pixels: visible, against }: Layers, threshold: number | null) {
  if (mask !== null && countSet(mask.data) === 0) return "Nothing is left of the mask: undo, or draw it.";
  if (negative !== null && countSet(negative.data) === 0)
    return "Nothing is left of the negative mask: clear it, or draw it.";
  if (threshold !== null && !judged(visible, pixels.width * pixels.height).possible) {
    return "The search would see nothing of the mask.";
  }
  if (threshold !== null && against !== null && !judgedAgainst(against).possible) {
    return "The search would see nothing of the negative mask.";
  }
  return null;
}
