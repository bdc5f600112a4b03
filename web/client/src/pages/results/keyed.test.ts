import { expect, test } from "vitest";
import { keyed, located, severalOf, unkeyed } from "./keyed";

const LIBRARIES = ["/libs/brains/", "s3://bucket/vnc"];

test("one library has no number", () => {
  expect(severalOf({ parameters: { library: "/libs/brains" } })).toEqual([]);
  expect(severalOf({ parameters: { library: ["/libs/brains"] } })).toEqual([]);
  expect(severalOf({ parameters: {} })).toEqual([]);
  expect(keyed("images/1/a.png", "/libs/brains", [])).toBe("images/1/a.png");
});

test("images of one key in two libraries have different keys", () => {
  expect(severalOf({ parameters: { library: LIBRARIES } })).toEqual(LIBRARIES);
  expect(keyed("a.png", "/libs/brains", LIBRARIES)).toBe("a.png");
  expect(keyed("a.png", "s3://bucket/vnc/", LIBRARIES)).toBe("1:a.png");
});

test.each(["images/1/a.png", "7:odd.png", ":", ""])("%j comes back from its key in each library", (key) => {
  expect(unkeyed(keyed(key, null, []))).toEqual({ library: 0, key });
  expect(unkeyed(keyed(key, "/libs/brains", LIBRARIES))).toEqual({ library: 0, key });
  expect(unkeyed(keyed(key, "s3://bucket/vnc", LIBRARIES))).toEqual({ library: 1, key });
});

test("an image is below its library", () => {
  expect(located("/libs/brains/", "images/1/a.png")).toBe("/libs/brains/images/1/a.png");
});
