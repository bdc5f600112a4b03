import { ActionIcon, Group, SegmentedControl, Slider, Text, Tooltip } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconMaximize,
  IconTrash,
  IconZoomIn,
  IconZoomOut,
  type TablerIcon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { LEAST_SIZE, type Manner, MOST_SIZE, TOOLS } from "./tools";

interface ToolbarProps {
  manner: Manner;
  onManner: (manner: Manner) => void;
  /** What can be done now; what cannot is greyed. */
  can: { undo: boolean; redo: boolean; clear: boolean };
  onUndo: () => void;
  onRedo: () => void;
  onClear: () => void;
  /** Zoom by a factor; null shows the whole image. */
  onZoom: (factor: number | null) => void;
  /** More tools. */
  children: ReactNode;
}

/** The tools of the mask editor. */
export function Toolbar({ manner, onManner, can, onUndo, onRedo, onClear, onZoom, children }: ToolbarProps) {
  const { tool } = manner;
  return (
    <Group gap="sm" role="toolbar" aria-label="Drawing">
      <ActionIcon.Group>
        {TOOLS.map((one) => (
          <Tooltip key={one.tool} label={`${one.label} (${one.key.toUpperCase()})`}>
            <ActionIcon
              size="lg"
              variant={tool === one.tool ? "filled" : "default"}
              aria-label={one.label}
              aria-pressed={tool === one.tool}
              aria-keyshortcuts={one.key}
              onClick={() => onManner({ ...manner, tool: one.tool })}
            >
              <one.icon size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
        ))}
      </ActionIcon.Group>
      {children}
      {(tool === "lasso" || tool === "polygon") && (
        <SegmentedControl
          size="xs"
          aria-label="What an area does"
          data={[
            { value: "add", label: "Add" },
            { value: "take", label: "Take away" },
          ]}
          value={manner.add ? "add" : "take"}
          onChange={(next) => onManner({ ...manner, add: next === "add" })}
        />
      )}
      {(tool === "brush" || tool === "eraser") && (
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" aria-hidden>
            Size
          </Text>
          <Slider
            w={120}
            min={LEAST_SIZE}
            max={MOST_SIZE}
            label={(size) => `${size} px`}
            thumbLabel="Size"
            value={manner.size}
            onChange={(size) => onManner({ ...manner, size })}
          />
        </Group>
      )}
      <ActionIcon.Group ml={{ sm: "auto" }}>
        <Tool label="Undo" keys="Control+Z" icon={IconArrowBackUp} onClick={onUndo} disabled={!can.undo} />
        <Tool label="Redo" keys="Control+Y" icon={IconArrowForwardUp} onClick={onRedo} disabled={!can.redo} />
        <Tool label="Clear the drawing" icon={IconTrash} onClick={onClear} disabled={!can.clear} />
      </ActionIcon.Group>
      <ActionIcon.Group>
        <Tool label="Zoom in" keys="+" icon={IconZoomIn} onClick={() => onZoom(1.5)} />
        <Tool label="Zoom out" keys="-" icon={IconZoomOut} onClick={() => onZoom(1 / 1.5)} />
        <Tool label="Show the whole image" keys="0" icon={IconMaximize} onClick={() => onZoom(null)} />
      </ActionIcon.Group>
    </Group>
  );
}

interface ToolProps {
  label: string;
  keys?: string;
  icon: TablerIcon;
  onClick: () => void;
  disabled?: boolean;
}

function Tool({ label, keys, icon: Icon, onClick, disabled = false }: ToolProps) {
  return (
    <Tooltip label={keys === undefined ? label : `${label} (${keys.replace("Control+", "Ctrl ")})`}>
      <ActionIcon size="lg" variant="default" aria-label={label} onClick={onClick} disabled={disabled}>
        <Icon size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
