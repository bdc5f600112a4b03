/** Items of jobs, for people. Pure. */

const NAMES = ["file", "name", "id", "key", "location"];

/** An item in few words, as the command line says it. */
export function itemName(item: unknown): string {
  if (typeof item === "string") return item;
  const told = typeof item === "object" && item !== null ? (item as Record<string, unknown>) : {};
  const name = NAMES.map((key) => told[key]).find((value) => typeof value === "string");
  return typeof name === "string" ? name : JSON.stringify(item);
}
