import { strFromU8, unzipSync } from "fflate";
import { expect, test } from "vitest";
import { type ZipEntry, zipOf } from "./zip";

const entry = (name: string, text = name): ZipEntry => ({ name, read: async () => new TextEncoder().encode(text) });
const broken = (name: string): ZipEntry => ({ name, read: () => Promise.reject(new Error("it is gone")) });

async function contents(file: Blob): Promise<Record<string, string>> {
  const files = unzipSync(new Uint8Array(await file.arrayBuffer()));
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, strFromU8(bytes)]));
}

test("a zip has all files, to the byte, and tells how many it has", async () => {
  const names = Array.from({ length: 30 }, (_, at) => `${at}.png`);
  const told: number[] = [];
  const { file, failed } = await zipOf(
    names.map((name) => entry(name)),
    new AbortController().signal,
    (n) => told.push(n),
  );
  expect(await contents(file)).toEqual(Object.fromEntries(names.map((name) => [name, name])));
  expect(failed).toEqual([]);
  expect(told).toEqual(names.map((_, at) => at + 1));
});

test("what cannot be read is named, and the others are there", async () => {
  const { file, failed } = await zipOf([entry("a"), broken("b"), entry("c")], new AbortController().signal, () => {});
  expect(failed).toEqual([{ name: "b", why: "it is gone" }]);
  expect(await contents(file)).toEqual({ a: "a", c: "c", "not included.txt": "b: it is gone\n" });
});

test("a zip that is cancelled reads no more and is none", async () => {
  const stop = new AbortController();
  let reads = 0;
  const slow: ZipEntry[] = Array.from({ length: 50 }, (_, at) => ({
    name: String(at),
    read: async () => {
      if (++reads === 6) stop.abort();
      return new Uint8Array(1);
    },
  }));
  await expect(zipOf(slow, stop.signal, () => {})).rejects.toThrow();
  expect(reads).toBeLessThan(12);
});
