import { Group, NativeSelect, Pagination, Text } from "@mantine/core";
import { count } from "../../../format";
import { pages, SIZES, type Size } from "../state";

interface PagerProps {
  /** Of the list, which has one on each side. */
  place: "above" | "below";
  page: number;
  size: Size;
  /** Matches of a page, where all are not scrolled through. */
  each: number;
  matching: number;
  /** All can be scrolled through when the job has ended. */
  running: boolean;
  change: (change: { page?: number; size?: Size }) => void;
}

/** Which page of the list, and how long pages are. */
export function Pager({ place, page, size, each, matching, running, change }: PagerProps) {
  const last = pages(matching, each);
  const paged = size !== "all" || running;
  return (
    <Group justify="space-between" gap="xs" my="sm" component="nav" aria-label={`Pages of matches, ${place}`}>
      {paged && last > 1 ? (
        <Pagination
          size="sm"
          total={last}
          value={Math.min(page, last)}
          onChange={(next) => change({ page: next })}
          siblings={1}
          boundaries={1}
          getItemProps={(number) => ({ "aria-label": `Page ${count(number)}` })}
          getControlProps={(control) => ({ "aria-label": control === "previous" ? "Previous page" : "Next page" })}
        />
      ) : (
        <span />
      )}
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          Show
        </Text>
        <NativeSelect
          size="xs"
          aria-label="Matches of a page"
          data={[
            ...SIZES.map((one) => ({ value: String(one), label: `${one} a page` })),
            { value: "all", label: running ? "all, when it has ended" : "all, scrolling", disabled: running },
          ]}
          value={String(size)}
          onChange={({ currentTarget: { value } }) =>
            change({ size: value === "all" ? "all" : (Number(value) as Size) })
          }
        />
      </Group>
    </Group>
  );
}
