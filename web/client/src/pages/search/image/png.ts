import { unzlibSync, zlibSync } from "fflate";

/** An image of 8 bits in red, green and blue: three bytes a pixel, in raster order. */
export interface Pixels {
  width: number;
  height: number;
  rgb: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const RGB = 2;

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (CRC[(value ^ byte) & 255] as number) ^ (value >>> 8);
  return ~value >>> 0;
}

/**
 * A PNG file of exactly these pixels.
 *
 * Made here and not by a canvas, because browsers may manage colours of a canvas, or change what is read from it so that nobody
 * is recognised by it; each changed colour would be another depth.
 */
export function encodePng({ width, height, rgb }: Pixels): Uint8Array<ArrayBuffer> {
  const stride = width * 3;
  const lines = new Uint8Array(height * (stride + 1)); // each line begins with its filter: 0, none
  for (let y = 0; y < height; y += 1) lines.set(rgb.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, RGB, 0, 0, 0], 8);
  const chunks = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", zlibSync(lines, { level: 6 })),
    chunk("IEND", new Uint8Array(0)),
  ];
  return joined(chunks);
}

/**
 * The pixels of a PNG file as the server makes them: 8 bits, red, green and blue, not interlaced.
 *
 * Throws an Error for any other.
 */
export function decodePng(file: Uint8Array): Pixels {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 33 || SIGNATURE.some((byte, at) => file[at] !== byte)) throw new Error("this is no PNG file");
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [bits, colour, , , interlaced] = file.subarray(24, 29);
  if (bits !== 8 || colour !== RGB || interlaced !== 0) throw new Error("this PNG file is not plain 8-bit RGB");
  const parts: Uint8Array[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(file.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const stride = width * 3;
  const lines = unzlibSync(joined(parts), { out: new Uint8Array(height * (stride + 1)) });
  if (lines.length !== height * (stride + 1)) throw new Error("this PNG file is cut off");
  const rgb = new Uint8Array(height * stride);
  for (let y = 0; y < height; y += 1) unfilter(rgb, lines, y, stride);
  return { width, height, rgb };
}

/** Undo the filter of one line, which tells it from what is left of it and above it. */
function unfilter(rgb: Uint8Array, lines: Uint8Array, y: number, stride: number): void {
  const filter = lines[y * (stride + 1)];
  const from = y * (stride + 1) + 1;
  const to = y * stride;
  for (let x = 0; x < stride; x += 1) {
    const left = x < 3 ? 0 : (rgb[to + x - 3] as number);
    const above = y === 0 ? 0 : (rgb[to + x - stride] as number);
    const corner = x < 3 || y === 0 ? 0 : (rgb[to + x - stride - 3] as number);
    rgb[to + x] = (lines[from + x] as number) + predicted(filter, left, above, corner);
  }
}

function predicted(filter: number | undefined, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4: {
      const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
      if (a <= b && a <= c) return left;
      return b <= c ? above : corner;
    }
    default:
      throw new Error(`this PNG file has a line with the unknown filter ${filter}`);
  }
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(data.length + 12);
  const view = new DataView(whole.buffer);
  view.setUint32(0, data.length);
  whole.set(
    Array.from(type, (letter) => letter.charCodeAt(0)),
    4,
  );
  whole.set(data, 8);
  view.setUint32(data.length + 8, crc32(whole.subarray(4, data.length + 8)));
  return whole;
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
