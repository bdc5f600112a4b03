import { Group, Kbd, SegmentedControl, Stack, Text, VisuallyHidden } from "@mantine/core";
import { type ReactNode, useCallback, useId, useState } from "react";
import { counted } from "../../../format";
import type { Pixels } from "../image/png";
import { canRedo, canUndo, draw, type History, type Layer, rasterOf, redo, type Step, stepsOf, undo } from "./drawing";
import { MaskCanvas } from "./MaskCanvas";
import classes from "./MaskEditor.module.css";
import { RectangleByNumbers } from "./RectangleByNumbers";
import { countSet } from "./raster";
import { SeenPanel } from "./SeenPanel";
import { type Box, judged, placed } from "./seen";
import { Toolbar } from "./Toolbar";
import { finished, type Manner, type Pending } from "./tools";
import { type Layers, usePictures } from "./useLayers";
import { type Extent, fitted, type View, zoomed } from "./view";

interface MaskEditorProps {
  image: Pixels;
  history: History;
  onHistory: (history: History) => void;
  layers: Layers;
  /** Null where the analysis has no threshold to preview. */
  threshold: number | null;
  onThreshold: (threshold: number) => void;
  boxes: readonly Box[];
  /** Whether a negative mask can be drawn. */
  negative: boolean;
  /** What else a negative mask may be; shown beside its drawing. */
  children: ReactNode;
}

/** An image on which one draws what is looked for. */
export function MaskEditor(props: MaskEditorProps) {
  const { image, history, onHistory, layers, threshold, boxes } = props;
  const [manner, setManner] = useState<Manner>({ tool: "lasso", layer: "mask", add: true, size: 20 });
  const [preview, setPreview] = useState(true);
  const [view, setView] = useState<View | null>(null);
  const [screen, setScreen] = useState<Extent>({ width: 1, height: 1 });
  const [pending, setPending] = useState<Pending | null>(null);
  const [said, setSaid] = useState("");
  const help = useId();
  const pictures = usePictures(image, layers, preview && threshold !== null);
  const onScreen = useCallback((next: Extent) => setScreen(next), []);
  const scene = {
    ...pictures,
    image,
    boxes: preview && threshold !== null ? placed(boxes, image.width, image.height) : [],
  };

  const take = (step: Step) => {
    const next = draw(history, step);
    const raster = rasterOf(next, step.layer, image.width, image.height);
    onHistory(next);
    setSaid(raster === null ? "Cleared" : `Drawn: ${counted(countSet(raster.data), "pixel")}`);
  };
  const finish = (what: Pending) => {
    setPending(null);
    const step = finished(what, manner);
    if (step !== null) take(step);
    else if (what.kind === "polygon") setSaid("An area has three corners at least");
  };
  const choose = (next: Manner) => {
    // What was begun is not lost by taking up another tool.
    if (pending !== null && (next.tool !== manner.tool || next.layer !== manner.layer)) finish(pending);
    setManner(next);
  };
  const back = () => {
    onHistory(undo(history));
    setSaid("Undone");
  };
  const again = () => {
    onHistory(redo(history));
    setSaid("Redone");
  };
  const zoom = (factor: number | null) => {
    if (factor === null) setView(null);
    else setView(zoomed(view ?? fitted(image, screen), factor, screen.width / 2, screen.height / 2, image, screen));
  };

  return (
    <Stack gap="sm">
      {props.negative && (
        <Group gap="sm">
          <SegmentedControl
            size="xs"
            aria-label="What is drawn"
            data={[
              { value: "mask", label: "Mask" },
              { value: "negative", label: "Negative mask" },
            ]}
            value={manner.layer}
            onChange={(layer) => choose({ ...manner, layer: layer as Layer })}
          />
          <Text size="sm" className={classes.quiet ?? ""}>
            {manner.layer === "mask" ? "What to find." : "What must not be there: its matches are subtracted."}
          </Text>
          {manner.layer === "negative" && props.children}
        </Group>
      )}
      <Toolbar
        manner={manner}
        onManner={choose}
        can={{ undo: canUndo(history), redo: canRedo(history), clear: stepsOf(history, manner.layer).length > 0 }}
        onUndo={back}
        onRedo={again}
        onClear={() => take({ kind: "clear", layer: manner.layer })}
        onZoom={zoom}
      >
        <RectangleByNumbers
          image={image}
          add={manner.add}
          onArea={(points) => take({ kind: "area", layer: manner.layer, add: manner.add, points })}
        />
      </Toolbar>
      <MaskCanvas
        scene={scene}
        manner={manner}
        onManner={choose}
        view={view}
        onView={setView}
        onScreen={onScreen}
        pending={pending}
        onPending={setPending}
        onFinish={finish}
        onUndo={back}
        onRedo={again}
        onSay={setSaid}
        help={help}
      />
      <VisuallyHidden aria-live="polite">{said}</VisuallyHidden>
      <Text size="xs" className={classes.quiet ?? ""} id={help}>
        {hint(manner, pending)} <span className={classes.touch}>Two fingers move and zoom the image.</span>
        <span className={classes.keys}>
          The wheel zooms. By keyboard: arrows move a crosshair (<Kbd size="xs">Shift</Kbd> faster),{" "}
          <Kbd size="xs">Enter</Kbd> sets a corner or a dab, <Kbd size="xs">C</Kbd> closes the area,{" "}
          <Kbd size="xs">Esc</Kbd> drops it.
        </span>
      </Text>
      {threshold !== null && (
        <SeenPanel
          pixels={layers.pixels}
          against={layers.against}
          verdict={judged(layers.pixels, image.width * image.height)}
          whole={layers.mask === null}
          shown={preview}
          onShown={setPreview}
          threshold={threshold}
          onThreshold={props.onThreshold}
          boxes={boxes.length > 0}
        />
      )}
    </Stack>
  );
}

function hint({ tool }: Manner, pending: Pending | null): string {
  switch (tool) {
    case "lasso":
      return "Draw around the neuron; the line closes itself. Areas add up; Alt takes away.";
    case "polygon":
      return pending === null
        ? "Click the corners of an area around the neuron; Alt takes away."
        : "Click the first corner, double-click, or press Enter to close the area.";
    case "brush":
      return "Paint over the neuron. [ and ] change the size.";
    case "eraser":
      return "Wipe away what does not belong to the neuron. [ and ] change the size.";
    case "move":
      return "Drag the image.";
  }
}
