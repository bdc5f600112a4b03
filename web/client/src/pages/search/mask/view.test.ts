import { expect, test } from "vitest";
import { fitted, panned, showing, toImage, zoomed } from "./view";

const image = { width: 1200, height: 600 };
const screen = { width: 600, height: 400 };

test("at first the whole image is there, in the middle", () => {
  expect(fitted(image, screen)).toEqual({ scale: 0.5, x: 0, y: 50 });
});

test("zooming keeps the point under the pointer", () => {
  let view = fitted(image, screen);
  for (const factor of [2, 1.7, 3]) {
    const before = toImage(view, 400, 210);
    view = zoomed(view, factor, 400, 210, image, screen);
    expect(toImage(view, 400, 210)[0]).toBeCloseTo(before[0]);
    expect(toImage(view, 400, 210)[1]).toBeCloseTo(before[1]);
  }
});

test("one zooms neither out of the image nor without end", () => {
  const view = fitted(image, screen);
  expect(zoomed(view, 0.1, 10, 10, image, screen)).toEqual(view);
  expect(zoomed(view, 1e9, 10, 10, image, screen).scale).toBe(24);
});

test("the image cannot be pushed off the screen", () => {
  const view = zoomed(fitted(image, screen), 4, 300, 200, image, screen);
  const far = panned(view, 1e6, -1e6, image, screen);
  expect(far.x).toBe(0);
  expect(far.y).toBe(screen.height - image.height * far.scale);
});

test("a point is brought onto the screen", () => {
  const view = zoomed(fitted(image, screen), 8, 0, 50, image, screen);
  const moved = showing(view, 1190, 590, image, screen);
  const [x, y] = [1190 * moved.scale + moved.x, 590 * moved.scale + moved.y];
  expect(x > 0 && x < screen.width && y > 0 && y < screen.height).toBe(true);
  expect(showing(moved, 1190, 590, image, screen)).toEqual(moved);
});
