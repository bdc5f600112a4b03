import { ActionIcon, Group, NativeSelect, Text, Tooltip } from "@mantine/core";
import { IconKeyboard, IconLayoutGrid, IconList } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { count, counted } from "../../format";
import { type Layout, SORTS, type Sort, type View } from "./state";

interface ToolbarProps {
  view: View;
  layout: Layout;
  matching: number;
  total: number;
  /** What was searched, in words. */
  searched: string;
  masks: string[];
  change: (change: Partial<View>) => void;
  setLayout: (layout: Layout) => void;
  help: () => void;
  children: ReactNode;
}

/** What the list is of, and how it is shown. */
export function Toolbar(props: ToolbarProps) {
  const { view, layout, matching, total, searched, masks, change, setLayout, help, children } = props;
  return (
    <Group justify="space-between" gap="sm" mb="xs" align="flex-end">
      <div>
        <MaskPicker masks={masks} mask={view.mask} choose={(mask) => change({ mask })} />
        <Text fw={600} component="h2" size="md">
          {matching === total
            ? counted(total, "match", "matches")
            : `${count(matching)} of ${counted(total, "match", "matches")}`}
        </Text>
        <Text size="xs" c="dimmed">
          {searched}
        </Text>
      </div>
      <Group gap="xs">
        {children}
        <NativeSelect
          size="xs"
          aria-label="Order"
          data={Object.entries(SORTS).map(([value, label]) => ({ value, label }))}
          value={view.sort}
          onChange={(event) => change({ sort: event.currentTarget.value as Sort })}
        />
        <ActionIcon.Group role="group" aria-label="Layout">
          {(["grid", "list"] as const).map((one) => (
            <Tooltip key={one} label={one === "grid" ? "Grid" : "List"}>
              <ActionIcon
                size={30}
                variant={one === layout ? "filled" : "default"}
                aria-pressed={one === layout}
                aria-label={one === "grid" ? "Grid" : "List"}
                onClick={() => setLayout(one)}
              >
                {one === "grid" ? <IconLayoutGrid size={16} /> : <IconList size={16} />}
              </ActionIcon>
            </Tooltip>
          ))}
        </ActionIcon.Group>
        <Tooltip label="Keys">
          <ActionIcon size={30} variant="default" aria-label="Keys" onClick={help} visibleFrom="sm">
            <IconKeyboard size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  );
}

/** Which mask of a search with several the matches are of. */
export function MaskPicker(props: { masks: string[]; mask: number; choose: (mask: number) => void }) {
  const { masks, mask, choose } = props;
  if (masks.length < 2) return null;
  return (
    <NativeSelect
      size="xs"
      label={`Mask, of ${masks.length}`}
      mb={6}
      maw={360}
      data={masks.map((name, at) => ({ value: String(at), label: `${at + 1}: ${name}` }))}
      value={String(Math.min(mask, masks.length - 1))}
      onChange={(event) => choose(Number(event.currentTarget.value))}
    />
  );
}
