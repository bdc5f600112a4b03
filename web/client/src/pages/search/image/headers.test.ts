import { expect, test } from "vitest";
import { readHeader } from "./headers";
import { encodePng } from "./png";

const rgb = (width: number, height: number) => encodePng({ width, height, rgb: new Uint8Array(width * height * 3) });

interface Page {
  width: number;
  height: number;
  photometric?: number;
  bits?: number[];
}

const PAGE_BYTES = 100;

/** A TIFF with these pages and no pixels. */
function tiff(pages: Page[], little = true): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(8 + pages.length * PAGE_BYTES));
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  for (const [number, { width, height, photometric = 2, bits = [8, 8, 8] }] of pages.entries()) {
    const at = 8 + number * PAGE_BYTES;
    const entries = [
      [256, 4, 1, width],
      [257, 3, 1, height],
      [258, 3, bits.length, bits.length > 2 ? at + 80 : (bits[0] ?? 0)],
      [262, 3, 1, photometric],
    ] as const;
    view.setUint16(at, entries.length, little);
    for (const [place, [tag, type, many, value]] of entries.entries()) {
      const from = at + 2 + place * 12;
      view.setUint16(from, tag, little);
      view.setUint16(from + 2, type, little);
      view.setUint32(from + 4, many, little);
      if (type === 3 && many < 3) view.setUint16(from + 8, value, little);
      else view.setUint32(from + 8, value, little);
    }
    view.setUint32(at + 50, number + 1 < pages.length ? at + PAGE_BYTES : 0, little);
    for (const [place, value] of bits.entries()) view.setUint16(at + 80 + place * 2, value, little);
  }
  return new Uint8Array(view.buffer);
}

const small = { width: 4, height: 4 };

test("a PNG tells its size", async () => {
  expect(await readHeader(new Blob([rgb(12, 5)]))).toEqual({ format: "PNG", width: 12, height: 5, channels: 1 });
});

test.each([true, false])("a TIFF tells its size and its channels, little-endian: %s", async (little) => {
  const page = { width: 1210, height: 566 };
  const file = new Blob([tiff([page, page], little)]);
  expect(await readHeader(file)).toEqual({ format: "TIFF", width: 1210, height: 566, channels: 2 });
});

test.each([
  ["grey pixels of many bits", tiff([{ ...small, photometric: 1, bits: [16] }]), "grey image of 16 bits"],
  ["grey pixels", tiff([{ ...small, photometric: 1, bits: [8] }]), "colour holds the depth"],
  ["many bits", tiff([{ ...small, bits: [16, 16, 16] }]), "16 bits in each"],
  ["pages that differ", tiff([small, { width: 2, height: 4 }]), "page 2 has 2 × 4"],
  ["a stack in it", tiff(Array.from({ length: 70 }, () => small)), "more than 64 pages"],
  ["an end that comes too early", tiff([small]).subarray(0, 30), "cut off"],
  ["only the first bytes of a PNG", rgb(4, 4).subarray(0, 12), "cut off"],
  ["a JPEG in it", Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]), "JPEG"],
  ["text in it", new TextEncoder().encode("line, score"), "no PNG or TIFF"],
  ["nothing in it", new Uint8Array(0), "It is empty: choose another file"],
])("a file with %s is refused with the reason", async (_, file, reason) => {
  await expect(readHeader(new Blob([file]))).rejects.toThrow(reason);
});

test("a grey PNG is refused", async () => {
  const grey = rgb(4, 4);
  grey[25] = 0;
  await expect(readHeader(new Blob([grey]))).rejects.toThrow("colour holds the depth");
});

test("pages that run in a circle end", async () => {
  const file = tiff([small]);
  new DataView(file.buffer).setUint32(58, 8, true);
  expect((await readHeader(new Blob([file]))).channels).toBe(1);
});
