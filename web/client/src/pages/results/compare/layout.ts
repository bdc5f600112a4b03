import type { Extent } from "./region";

/** How many panes are beside each other so that the images in them are as large as can be. Pure. */
export function bestColumns(panes: number, area: Extent, shape: number, gap: number): number {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= panes; columns++) {
    const rows = Math.ceil(panes / columns);
    const width = (area.width - gap * (columns - 1)) / columns;
    const height = (area.height - gap * (rows - 1)) / rows;
    const shown = Math.min(width, height * shape);
    if (shown > largest) [best, largest] = [columns, shown];
  }
  return best;
}
