/** What the first bytes of an image tell, so that a wrong file is known before it is uploaded. */

export interface Header {
  format: "PNG" | "TIFF";
  width: number;
  height: number;
  /** Pages of a TIFF; 1 of a PNG. */
  channels: number;
}

/** Why a file cannot be searched with, for people. */
export class WrongImage extends Error {}

/** The longest list of pages that is followed; the server takes no more. */
const MOST_CHANNELS = 64;
const OTHERS: [string, number[]][] = [
  ["a JPEG image, which changes colours, and colours are depths", [0xff, 0xd8, 0xff]],
  ["a GIF image, which has too few colours", [0x47, 0x49, 0x46, 0x38]],
  ["a WebP image", [0x52, 0x49, 0x46, 0x46]],
  ["a BMP image", [0x42, 0x4d]],
  ["a PDF document", [0x25, 0x50, 0x44, 0x46]],
  ["a zip archive", [0x50, 0x4b, 0x03, 0x04]],
  ["an HDF5 volume", [0x89, 0x48, 0x44, 0x46]],
  ["an NRRD volume", [0x4e, 0x52, 0x52, 0x44]],
];

/**
 * Read what a PNG or TIFF file says of itself; its pixels are not read.
 *
 * Throws WrongImage for what cannot be searched with, saying what to do.
 */
export async function readHeader(file: Blob): Promise<Header> {
  if (file.size === 0) throw new WrongImage("It is empty: choose another file.");
  const start = await bytes(file, 0, 64);
  if (begins(start, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return pngHeader(start);
  if (begins(start, [0x49, 0x49, 0x2a, 0]) || begins(start, [0x4d, 0x4d, 0, 0x2a]))
    return tiffHeader(file, start, false);
  if (begins(start, [0x49, 0x49, 0x2b, 0]) || begins(start, [0x4d, 0x4d, 0, 0x2b]))
    return tiffHeader(file, start, true);
  const other = OTHERS.find(([, magic]) => begins(start, magic));
  throw new WrongImage(
    other === undefined
      ? "It is no PNG or TIFF image, whatever its name says. Export the color-depth image as PNG or TIFF."
      : `It is ${other[0]}. Export the color-depth image as PNG or TIFF.`,
  );
}

function begins(start: DataView, magic: number[]): boolean {
  return start.byteLength >= magic.length && magic.every((byte, at) => start.getUint8(at) === byte);
}

async function bytes(file: Blob, from: number, length: number): Promise<DataView> {
  return new DataView(await file.slice(from, from + length).arrayBuffer());
}

function pngHeader(start: DataView): Header {
  if (start.byteLength < 33) throw cutOff("PNG");
  const [bits, colour] = [start.getUint8(24), start.getUint8(25)];
  if (colour === 0 || colour === 4) throw grey(bits);
  return { format: "PNG", width: start.getUint32(16), height: start.getUint32(20), channels: 1 };
}

// Tags of TIFF, see its specification.
const WIDTH = 256;
const HEIGHT = 257;
const BITS = 258;
const PHOTOMETRIC = 262;
const GREYS = [0, 1];
const TYPES: Record<number, number> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8 };

interface Layout {
  little: boolean;
  big: boolean;
}

async function tiffHeader(file: Blob, start: DataView, big: boolean): Promise<Header> {
  const layout = { little: start.getUint8(0) === 0x49, big };
  if (start.byteLength < 16) throw cutOff("TIFF");
  let at = address(start, big ? 8 : 4, layout);
  const pages: Map<number, number>[] = [];
  const seen = new Set<number>();
  while (at !== 0 && !seen.has(at) && pages.length <= MOST_CHANNELS) {
    seen.add(at);
    const { tags, next } = await directory(file, at, layout);
    pages.push(tags);
    at = next;
  }
  if (pages.length > MOST_CHANNELS) {
    throw new WrongImage(
      `It has more than ${MOST_CHANNELS} pages, so it seems to be a stack. Project it to one color-depth image per channel first.`,
    );
  }
  const first = pages[0];
  const [width, height] = [first?.get(WIDTH), first?.get(HEIGHT)];
  if (width === undefined || height === undefined) throw cutOff("TIFF");
  for (const [number, page] of pages.entries()) {
    const bits = page.get(BITS) ?? 1;
    if (GREYS.includes(page.get(PHOTOMETRIC) ?? 2)) throw grey(bits);
    if (bits > 8) throw new WrongImage(`It has ${bits} bits in each of red, green and blue. Save it as 8-bit RGB.`);
    if (page.get(WIDTH) !== width || page.get(HEIGHT) !== height) {
      throw new WrongImage(
        `Its page ${number + 1} has ${page.get(WIDTH)} × ${page.get(HEIGHT)} pixels, and page 1 has ${width} × ${height}. ` +
          "Save the pages that are channels, and no others.",
      );
    }
  }
  return { format: "TIFF", width, height, channels: pages.length };
}

function address(view: DataView, at: number, { little, big }: Layout): number {
  return big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
}

/** The whole numbers among the tags of a page, and where the next page is; 0 after the last one. */
async function directory(file: Blob, at: number, layout: Layout): Promise<{ tags: Map<number, number>; next: number }> {
  const { little, big } = layout;
  const [head, entry, pointer] = big ? [8, 20, 8] : [2, 12, 4];
  const counted = await bytes(file, at, head);
  if (counted.byteLength < head) throw cutOff("TIFF");
  const count = big ? Number(counted.getBigUint64(0, little)) : counted.getUint16(0, little);
  const size = count * entry + pointer;
  if (count > 4096) throw cutOff("TIFF");
  const view = await bytes(file, at + head, size);
  if (view.byteLength < size) throw cutOff("TIFF");
  const tags = new Map<number, number>();
  for (let from = 0; from < count * entry; from += entry) {
    const type = view.getUint16(from + 2, little);
    const many = address(view, from + 4, layout);
    const value = await number(file, view, from + (big ? 12 : 8), type, many, layout);
    if (value !== null) tags.set(view.getUint16(from, little), value);
  }
  return { tags, next: address(view, count * entry, layout) };
}

/** The first of the numbers of a tag, which are elsewhere when there is no room for them; null when they are none. */
async function number(
  file: Blob,
  view: DataView,
  at: number,
  type: number,
  many: number,
  layout: Layout,
): Promise<number | null> {
  const size = TYPES[type];
  if (size === undefined || many === 0) return null;
  if (size * many <= (layout.big ? 8 : 4)) return integer(view, at, size, layout.little);
  const there = await bytes(file, address(view, at, layout), size);
  return there.byteLength < size ? null : integer(there, 0, size, layout.little);
}

function integer(view: DataView, at: number, size: number, little: boolean): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, little);
  return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
}

function grey(bits: number): WrongImage {
  const stack = bits > 8 ? "It is a grey image" : "It is a grey image, and colour holds the depth";
  return new WrongImage(
    `${stack}${bits > 8 ? ` of ${bits} bits` : ""}. Export the color-depth projection as 8-bit RGB.`,
  );
}

function cutOff(format: string): WrongImage {
  return new WrongImage(`It begins like a ${format} image, but it is damaged or cut off. Export it again.`);
}
