/** A list of any entries as a table. Pure. */

import { isRecord } from "../match";

const MOST_COLUMNS = 30;

/** Names of the fields of entries, those inside others with a slash, in the order in which they come. */
export function columnsOf(entries: readonly unknown[]): string[] {
  const found = new Set<string>();
  const look = (value: unknown, path: string) => {
    if (isRecord(value)) for (const [name, part] of Object.entries(value)) look(part, path ? `${path}/${name}` : name);
    else found.add(path);
  };
  for (const entry of entries) look(entry, "");
  return [...found].slice(0, MOST_COLUMNS);
}

/** What an entry has in a column; empty when it has nothing there. */
export function textOf(entry: unknown, column: string): string {
  let value = entry;
  let rest = column;
  while (rest !== "" && isRecord(value)) {
    // A name may have slashes itself: the longest one that there is counts.
    const record: Record<string, unknown> = value;
    const name = Object.keys(record)
      .filter((one) => rest === one || rest.startsWith(`${one}/`))
      .sort((one, other) => other.length - one.length)[0];
    if (name === undefined) return "";
    value = record[name];
    rest = rest.slice(name.length + 1);
  }
  if (rest !== "" || value === undefined || value === null || isRecord(value)) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
