export const GAP = 12;
/** Below the picture of a card. */
export const CARD_TEXT = 50;
export const ROW = 60;

/** How many cards are beside each other: images that are higher than wide get narrower ones. */
export function columnsOf(width: number, shape: number): number {
  const wide = width >= 600 ? 210 : 150;
  const least = shape < 1 ? wide * 0.75 : wide;
  return Math.max(1, Math.floor((width + GAP) / (least + GAP)));
}

/** The height of a row of cards with the gap below it, in pixels. */
export function cardHeight(width: number, columns: number, shape: number): number {
  const card = (width - GAP * (columns - 1)) / columns;
  return Math.round((card - 2) / shape + CARD_TEXT + 2 + GAP);
}
