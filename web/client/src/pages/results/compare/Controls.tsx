import { ActionIcon, Button, Group, NativeSelect, Slider, Switch, Text, Tooltip } from "@mantine/core";
import {
  IconColumns2,
  IconEyeglass,
  IconKeyboard,
  IconLayersIntersect,
  IconPlayerPause,
  IconPlayerPlay,
  IconSwitchHorizontal,
  IconZoomIn,
  IconZoomOut,
  IconZoomReset,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Blinking } from "./blink";
import classes from "./Comparison.module.css";
import { type Comparison, MOST_PANES, type Mode, RATES } from "./state";

interface ControlsProps {
  comparison: Comparison;
  mirrored: boolean;
  blinking: Blinking;
  zoom: number;
  set: (change: Partial<Comparison>) => void;
  setPanes: (panes: number) => void;
  zoomBy: (factor: number) => void;
  whole: () => void;
  help: () => void;
}

const MODES: { mode: Mode; label: string; icon: typeof IconColumns2 }[] = [
  { mode: "side", label: "Side by side", icon: IconColumns2 },
  { mode: "overlay", label: "Overlay", icon: IconLayersIntersect },
  { mode: "blink", label: "Blink", icon: IconEyeglass },
];

/** How the images are shown. */
export function Controls({ comparison, mirrored, blinking, zoom, set, setPanes, zoomBy, whole, help }: ControlsProps) {
  const { mode, panes, opacity, rate } = comparison;
  return (
    <div className={classes.bar}>
      <Button.Group>
        {MODES.map(({ mode: one, label, icon: Icon }) => (
          <Button
            key={one}
            size="xs"
            variant={one === mode ? "light" : "default"}
            aria-pressed={one === mode}
            leftSection={<Icon size={14} aria-hidden />}
            onClick={() => set({ mode: one })}
          >
            {label}
          </Button>
        ))}
      </Button.Group>
      {mode === "side" && (
        <Button.Group aria-label="Panes">
          {Array.from({ length: MOST_PANES }, (_, at) => at + 1).map((number) => (
            <Button
              key={number}
              size="xs"
              px={10}
              variant={number === panes.length ? "light" : "default"}
              aria-pressed={number === panes.length}
              aria-label={number === 1 ? "1 pane" : `${number} panes`}
              onClick={() => setPanes(number)}
            >
              {number}
            </Button>
          ))}
        </Button.Group>
      )}
      {mode === "overlay" && (
        <Group gap="xs" wrap="nowrap">
          <Text size="sm">Mask</Text>
          <Slider
            w={140}
            size="sm"
            min={0}
            max={100}
            value={opacity}
            label={(value) => `${value} % match`}
            thumbLabel="Share of the match"
            onChange={(next) => set({ opacity: next })}
          />
          <Text size="sm">Match</Text>
        </Group>
      )}
      {mode === "blink" && (
        <Group gap="xs" wrap="nowrap">
          <Named label={blinking.playing ? "Pause" : "Play"} onClick={() => blinking.play(!blinking.playing)}>
            {blinking.playing ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
          </Named>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconSwitchHorizontal size={14} aria-hidden />}
            onClick={blinking.swap}
          >
            Swap
          </Button>
          <NativeSelect
            size="xs"
            aria-label="Speed"
            data={RATES.map((one) => ({ value: String(one), label: `${one} a second` }))}
            value={String(rate)}
            onChange={(event) => set({ rate: Number(event.currentTarget.value) })}
          />
        </Group>
      )}
      <Switch
        size="sm"
        label="Mirror the match"
        checked={mirrored}
        onChange={(event) => set({ mirror: event.currentTarget.checked })}
      />
      <Group gap={4} wrap="nowrap">
        <Named label="Smaller" onClick={() => zoomBy(1 / 1.5)}>
          <IconZoomOut size={16} />
        </Named>
        <Text size="sm" w={48} ta="center" aria-label="Zoom">
          {Math.round(zoom * 100)} %
        </Text>
        <Named label="Larger" onClick={() => zoomBy(1.5)}>
          <IconZoomIn size={16} />
        </Named>
        <Named label="Whole image" onClick={whole}>
          <IconZoomReset size={16} />
        </Named>
        <Named label="Keys" onClick={help}>
          <IconKeyboard size={16} />
        </Named>
      </Group>
    </div>
  );
}

function Named({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={30} aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
