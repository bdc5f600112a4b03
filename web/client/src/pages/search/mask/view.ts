/** Which part of an image is shown: screen = image * scale + offset, in CSS pixels. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export interface Extent {
  width: number;
  height: number;
}

/** The largest scale: a pixel of the image is that many of the screen. */
const MOST = 24;

/** The whole image, in the middle. */
export function fitted(image: Extent, screen: Extent): View {
  const scale = Math.min(screen.width / image.width, screen.height / image.height);
  return { scale, x: (screen.width - image.width * scale) / 2, y: (screen.height - image.height * scale) / 2 };
}

/** Larger or smaller by a factor, while the point of the image at (x, y) of the screen stays where it is. */
export function zoomed(view: View, factor: number, x: number, y: number, image: Extent, screen: Extent): View {
  const least = fitted(image, screen).scale;
  const scale = Math.min(Math.max(view.scale * factor, least), Math.max(MOST, least));
  const grown = scale / view.scale;
  return held({ scale, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown }, image, screen);
}

export function panned(view: View, dx: number, dy: number, image: Extent, screen: Extent): View {
  return held({ ...view, x: view.x + dx, y: view.y + dy }, image, screen);
}

/** No part of the screen is empty that the image could fill; what is smaller than the screen is in its middle. */
function held(view: View, image: Extent, screen: Extent): View {
  const hold = (offset: number, length: number, room: number) =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset));
  return {
    scale: view.scale,
    x: hold(view.x, image.width * view.scale, screen.width),
    y: hold(view.y, image.height * view.scale, screen.height),
  };
}

/** The view with a point of the image on the screen: moved as little as is needed. */
export function showing(view: View, px: number, py: number, image: Extent, screen: Extent): View {
  const margin = Math.min(24, screen.width / 4, screen.height / 4);
  const [x, y] = [px * view.scale + view.x, py * view.scale + view.y];
  const dx = x < margin ? margin - x : x > screen.width - margin ? screen.width - margin - x : 0;
  const dy = y < margin ? margin - y : y > screen.height - margin ? screen.height - margin - y : 0;
  return dx === 0 && dy === 0 ? view : panned(view, dx, dy, image, screen);
}

/** The point of the image, in pixels, that is at a point of the screen. */
export function toImage({ scale, x, y }: View, sx: number, sy: number): [number, number] {
  return [(sx - x) / scale, (sy - y) / scale];
}
