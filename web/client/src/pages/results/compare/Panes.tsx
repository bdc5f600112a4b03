import { ActionIcon, NativeSelect, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { shapeStyle } from "../shape";
import classes from "./Comparison.module.css";
import { type Compared, choicesOf, type Pictured, pictured } from "./choices";
import { bestColumns } from "./layout";
import type { Place, Region } from "./region";
import type { Choice, Comparison } from "./state";
import { type Layer, Viewport } from "./Viewport";

const GAP = 10;

interface PanesProps {
  comparison: Comparison;
  compared: Compared;
  /** Whether the search had a negative mask. */
  negative: boolean;
  shape: number;
  /** Of images that take turns: whether the match is seen. */
  second: boolean;
  region: Region;
  onRegion: (change: (region: Region) => Region) => void;
  cross: Place | null;
  onCross: (cross: Place | null) => void;
  choose: (pane: number, choice: Choice) => void;
  download: (picture: Pictured) => void;
}

/** The images, all zoomed and moved alike, with the crosshair at the same place. */
export function Panes(props: PanesProps) {
  const { comparison, compared, negative, shape, second, region, onRegion, cross, onCross, choose, download } = props;
  const { ref, width, height } = useElementSize();
  const view = { region, onRegion, cross, onCross };
  if (comparison.mode !== "side") {
    const [mask, match] = [pictured("mask", compared), pictured("match", compared)];
    const seen = comparison.mode === "overlay" ? comparison.opacity / 100 : Number(second);
    const layers = [mask && layer(mask, 1), match && layer(match, seen)].filter((one) => one !== null);
    const mark = second ? "Match" : "Mask";
    return (
      <div className={classes.panes} style={shapeStyle(shape)}>
        <Viewport layers={layers} {...view}>
          {comparison.mode === "blink" && <span className={classes.mark}>{mark}</span>}
        </Viewport>
      </div>
    );
  }
  const columns = width < 600 ? 1 : bestColumns(comparison.panes.length, { width, height }, shape, GAP);
  const choices = choicesOf(compared, negative);
  return (
    <div
      ref={ref}
      className={classes.panes}
      style={{ ...shapeStyle(shape), gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
    >
      {comparison.panes.map((choice, pane) => {
        const shown = pictured(choice, compared);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a pane is its place, whatever it shows
          <figure key={pane} className={classes.pane}>
            <figcaption className={classes.caption}>
              <NativeSelect
                size="xs"
                aria-label={`Image of pane ${pane + 1}`}
                data={shown === null ? [{ value: choice, label: "Another match" }, ...choices] : choices}
                value={choice}
                onChange={(event) => choose(pane, event.currentTarget.value as Choice)}
              />
              {shown !== null && (
                <Tooltip label="Download this image">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Download the image of pane ${pane + 1}`}
                    onClick={() => download(shown)}
                  >
                    <IconDownload size={16} />
                  </ActionIcon>
                </Tooltip>
              )}
            </figcaption>
            <Viewport layers={shown === null ? [] : [layer(shown, 1)]} {...view}>
              {shown?.mirrored && <span className={classes.mark}>mirrored</span>}
            </Viewport>
          </figure>
        );
      })}
    </div>
  );
}

function layer({ path, alt, mirrored }: Pictured, opacity: number): Layer {
  return { path, alt, mirrored, opacity };
}
