import { Zip, ZipPassThrough } from "fflate";

export const MOST_IMAGES = 200;
const AT_ONCE = 4;

export interface ZipEntry {
  name: string;
  /** Its bytes; throws when they cannot be had. */
  read: (signal: AbortSignal) => Promise<Uint8Array>;
}

export interface Zipped {
  file: Blob;
  /** What is not in it, and why. */
  failed: { name: string; why: string }[];
}

/**
 * A zip of files that are read a few at a time, each when there is room for it. PNG files are stored as they are.
 * Throws when it is cancelled; a file that cannot be read is named and left out.
 */
export async function zipOf(
  entries: readonly ZipEntry[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Zipped> {
  const chunks: Blob[] = [];
  const failed: Zipped["failed"] = [];
  const zip = new Zip((error, data) => {
    if (error) throw error;
    chunks.push(new Blob([data as Uint8Array<ArrayBuffer>])); // the browser may keep it out of memory
  });
  const add = (name: string, bytes: Uint8Array) => {
    const file = new ZipPassThrough(name);
    zip.add(file);
    file.push(bytes, true);
  };
  const waiting = entries.values();
  let done = 0;
  const work = async () => {
    for (const entry of waiting) {
      try {
        add(entry.name, await entry.read(signal));
      } catch (error) {
        signal.throwIfAborted();
        failed.push({ name: entry.name, why: error instanceof Error ? error.message : String(error) });
      }
      signal.throwIfAborted();
      onProgress(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (failed.length > 0) {
    const lines = failed.map(({ name, why }) => `${name}: ${why}\n`).join("");
    add("not included.txt", new TextEncoder().encode(lines));
  }
  zip.end();
  return { file: new Blob(chunks, { type: "application/zip" }), failed };
}
