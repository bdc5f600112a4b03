/** Values that a result has because its format, NeuronBridge's, has no word for what is not known. A file of the search counts them. Pure. */

/** Of how many matches the sex is not known, by what the search wrote of itself. */
export function unknownSexes(written: unknown): number {
  const filled = isRecord(written) && isRecord(written.filled_in) ? written.filled_in.gender : null;
  if (!isRecord(filled)) return 0;
  return Object.values(filled).reduce<number>((sum, one) => sum + (typeof one === "number" ? one : 0), 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
