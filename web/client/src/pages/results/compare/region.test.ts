import { describe, expect, test } from "vitest";
import {
  bounded,
  crisp,
  MOST_ZOOM,
  panned,
  pixelAt,
  placeAt,
  placed,
  pointOf,
  stepped,
  transform,
  WHOLE,
  zoomed,
  zoomedBy,
} from "./region";

const IMAGE = { width: 1210, height: 566 };
const PANES = [
  { width: 600, height: 400 },
  { width: 300, height: 600 },
  { width: 1300, height: 200 },
];

describe("a region", () => {
  test("that is whole shows the image in the middle, as large as can be, not stretched", () => {
    expect(placed(WHOLE, IMAGE, { width: 605, height: 400 })).toEqual({ scale: 0.5, left: 0, top: 58.5 });
  });

  test.each(PANES)("has a place of the image where the pointer is, and back, in %j", (pane) => {
    const region = { zoom: 3, x: 0.4, y: 0.6 };
    const place = placeAt(region, IMAGE, pane, 111, 77);
    const point = pointOf(region, IMAGE, pane, place);
    expect([point.left, point.top]).toEqual([expect.closeTo(111, 6), expect.closeTo(77, 6)]);
  });

  test("is the same part of the image in panes of the same form, whatever their size", () => {
    const region = { zoom: 3, x: 0.4, y: 0.6 };
    const small = placeAt(region, IMAGE, { width: 300, height: 200 }, 75, 50);
    const large = placeAt(region, IMAGE, { width: 600, height: 400 }, 150, 100);
    expect([small.x, small.y]).toEqual([expect.closeTo(large.x, 9), expect.closeTo(large.y, 9)]);
  });

  test.each(PANES)("that is zoomed keeps what is under the pointer, inside the image, in %j", (pane) => {
    const before = { zoom: 4, x: 0.5, y: 0.5 };
    const place = placeAt(before, IMAGE, pane, pane.width * 0.6, pane.height * 0.45);
    const after = pointOf(zoomed(before, 2, place, IMAGE, pane), IMAGE, pane, place);
    expect(after.left).toBeCloseTo(pane.width * 0.6, 6);
  });

  test("is never smaller than whole, nor larger than the most", () => {
    const pane = { width: 600, height: 400 };
    expect(zoomed(WHOLE, 0.1, { x: 0, y: 0 }, IMAGE, pane)).toEqual(WHOLE);
    expect(zoomed(WHOLE, 1e9, { x: 0.5, y: 0.5 }, IMAGE, pane).zoom).toBe(MOST_ZOOM);
    expect(zoomedBy({ zoom: 1.2, x: 0.6, y: 0.6 }, 0.5)).toEqual(WHOLE);
    expect(zoomedBy(WHOLE, 1e9).zoom).toBe(MOST_ZOOM);
  });

  test("goes with the pointer, but not off the image", () => {
    const pane = { width: 605, height: 283 };
    const moved = panned({ zoom: 2, x: 0.5, y: 0.5 }, 121, 0, IMAGE, pane);
    expect(moved.x).toBeCloseTo(0.4, 9);
    expect(panned(moved, 1e6, -1e6, IMAGE, pane)).toEqual({ zoom: 2, x: 0.25, y: 0.75 });
    expect(bounded({ zoom: 1, x: 0, y: 1 }, IMAGE, pane)).toEqual(WHOLE);
  });

  test("is stepped by keys as far as there is something", () => {
    expect(stepped(WHOLE, 1, 1)).toEqual(WHOLE);
    const right = stepped({ zoom: 3, x: 0.5, y: 0.5 }, -1, 0);
    expect(right.x).toBeCloseTo(0.55, 9);
    let at = right;
    for (let step = 0; step < 50; step++) at = stepped(at, -1, 0);
    expect(at.x).toBeCloseTo(1 - 1 / 6, 9);
  });
});

describe("a mirrored image", () => {
  test("is turned about its middle, so that it covers what it covered", () => {
    const on = { scale: 0.5, left: 10, top: 20 };
    expect(transform(on, IMAGE, false)).toBe("translate(10px, 20px) scale(0.5, 0.5)");
    expect(transform(on, IMAGE, true)).toBe("translate(615px, 20px) scale(-0.5, 0.5)");
  });

  test("has its pixels counted from its own left edge", () => {
    expect(pixelAt({ x: 0, y: 0 }, IMAGE, false)).toEqual({ x: 0, y: 0 });
    expect(pixelAt({ x: 0, y: 0 }, IMAGE, true)).toEqual({ x: 1209, y: 0 });
    expect(pixelAt({ x: 1, y: 0 }, IMAGE, false)).toBeNull();
    expect(pixelAt({ x: -0.01, y: 0 }, IMAGE, true)).toBeNull();
  });
});

test("pixels are squares when each is two of the screen's", () => {
  expect([crisp(1.9, 1), crisp(2, 1), crisp(1, 2)]).toEqual([false, true, true]);
});
