import { ActionIcon, Button, Group, Popover, SimpleGrid, Text, Tooltip } from "@mantine/core";
import { IconRectangle } from "@tabler/icons-react";
import { useState } from "react";
import { NumberField } from "../../../components/NumberField";
import type { Extent } from "./view";

interface RectangleByNumbersProps {
  image: Extent;
  add: boolean;
  /** x0, y0, ... of its corners, in pixels of the image. */
  onArea: (points: number[]) => void;
}

/** A rectangle that is written rather than drawn. */
export function RectangleByNumbers({ image, add, onArea }: RectangleByNumbersProps) {
  const [open, setOpen] = useState(false);
  const [{ x, y, width, height }, setBox] = useState({ x: 0, y: 0, ...image });
  const fields = [
    { name: "x", label: "Left", value: x, max: image.width - 1, min: 0 },
    { name: "y", label: "Top", value: y, max: image.height - 1, min: 0 },
    { name: "width", label: "Width", value: width, max: image.width, min: 1 },
    { name: "height", label: "Height", value: height, max: image.height, min: 1 },
  ];
  return (
    <Popover opened={open} onChange={setOpen} trapFocus returnFocus withArrow shadow="md">
      <Popover.Target>
        <Tooltip label="Rectangle by numbers">
          <ActionIcon
            size="lg"
            variant="default"
            aria-label="Rectangle by numbers"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <IconRectangle size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            onArea([x, y, x + width, y, x + width, y + height, x, y + height]);
            setOpen(false);
          }}
        >
          <Text size="sm" mb="xs">
            In pixels, from the top left
          </Text>
          <SimpleGrid cols={2} spacing="xs" w={220}>
            {fields.map(({ name, label, value, min, max }) => (
              <NumberField
                key={name}
                size="xs"
                label={label}
                value={value}
                min={min}
                max={max}
                allowDecimal={false}
                onChange={(next) => setBox((box) => ({ ...box, [name]: next ?? min }))}
              />
            ))}
          </SimpleGrid>
          <Group justify="flex-end" mt="sm">
            <Button type="submit" size="xs">
              {add ? "Add it" : "Take it away"}
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
