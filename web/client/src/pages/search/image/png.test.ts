import { zlibSync } from "fflate";
import { expect, test } from "vitest";
import { decodePng, encodePng, type Pixels } from "./png";

function noise(width: number, height: number): Pixels {
  let state = 7;
  const rgb = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state >> 16;
  });
  return { width, height, rgb };
}

test.each([
  [1, 1],
  [7, 3],
  [60, 41],
])("pixels come back as they were, %i x %i", (width, height) => {
  const image = noise(width, height);
  expect(decodePng(encodePng(image))).toEqual(image);
});

/** A PNG whose lines have each of the five filters, written by their definition. */
function filtered({ width, height, rgb }: Pixels): Uint8Array {
  const stride = width * 3;
  const at = (x: number, y: number) => (x < 0 || y < 0 ? 0 : (rgb[y * stride + x] ?? 0));
  const lines: number[] = [];
  for (let y = 0; y < height; y += 1) {
    const filter = y % 5;
    lines.push(filter);
    for (let x = 0; x < stride; x += 1) {
      const [a, b, c] = [at(x - 3, y), at(x, y - 1), at(x - 3, y - 1)];
      const far = (one: number) => Math.abs(a + b - c - one);
      const nearest = far(a) <= far(b) && far(a) <= far(c) ? a : far(b) <= far(c) ? b : c;
      const guess = [0, a, b, Math.floor((a + b) / 2), nearest][filter] ?? 0;
      lines.push((at(x, y) - guess) & 255);
    }
  }
  const plain = encodePng({ width, height, rgb });
  const data = zlibSync(Uint8Array.from(lines));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, data.length);
  const idat = [...length, ...new TextEncoder().encode("IDAT"), ...data, 0, 0, 0, 0];
  return Uint8Array.from([...plain.subarray(0, 33), ...idat, ...plain.subarray(-12)]);
}

test("each filter of a line is undone", () => {
  const image = noise(11, 10);
  expect(decodePng(filtered(image))).toEqual(image);
});

test("what is no PNG of plain colours is refused", () => {
  expect(() => decodePng(new TextEncoder().encode("a text that is long enough for a header"))).toThrow("no PNG");
  const grey = encodePng(noise(2, 2));
  grey[25] = 0;
  expect(() => decodePng(grey)).toThrow("not plain 8-bit RGB");
});
