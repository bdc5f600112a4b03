import { expect, test } from "vitest";
import type { Library } from "../../../api/client";
import { misfit } from "./fit";

function library(id: string, width?: number, height?: number, space = "JRC2018_U"): Library {
  const properties = width === undefined ? {} : { width, height };
  const metadata = { alignment_space: { [space]: 1 } };
  return { id, name: id, items: 1, version: 1, properties, metadata, indexed: false, problem: null };
}

const brain = library("brain", 1210, 566);
const cord = library("cord", 573, 1119, "VNC");
const all = [brain, cord];

test("an image of the right size fits", () => {
  expect(misfit({ width: 1210, height: 566 }, [brain], all)).toBeNull();
});

test("with nothing chosen, an image that fits any library fits", () => {
  expect(misfit({ width: 573, height: 1119 }, [], all)).toBeNull();
  expect(misfit({ width: 5, height: 5 }, [], all)?.fitting).toEqual([]);
});

test("a library that does not tell its size is not in the way", () => {
  expect(misfit({ width: 5, height: 5 }, [library("any")], all)).toBeNull();
});

test.each([
  ["turned", { width: 566, height: 1210 }, "turned by 90 degrees"],
  ["made smaller", { width: 605, height: 283 }, "scaled to 50 %"],
  ["made larger", { width: 2420, height: 1132 }, "scaled to 200 %"],
  ["cropped", { width: 1209, height: 566 }, "It is cropped by 1 pixel in width: export it whole."],
  ["cropped much", { width: 1210, height: 300 }, "It is cropped by 266 pixels in height: export it whole."],
  ["padded", { width: 1210, height: 570 }, "It is larger by 4 pixels in height: export it without a margin."],
  ["cropped all around", { width: 1208, height: 565 }, "cropped by 2 pixels in width and 1 pixel in height: export"],
  ["cropped and padded", { width: 1211, height: 565 }, "by 1 pixel in height and larger by 1 pixel in width: export"],
  ["of another template", { width: 573, height: 1119 }, "align it to JRC2018_U first"],
])("an image that was %s is told how to be mended", (_, image, fix) => {
  const found = misfit(image, [brain], all);
  expect(found?.detail).toContain(fix);
  expect(found?.detail).toContain("images of brain have 1210 × 566");
});

test("no size is told to be scaled to 100 %, and none with one right side to be scaled", () => {
  for (let by = -40; by <= 40; by += 1) {
    for (let also = -40; also <= 40; also += 1) {
      if (by === 0 && also === 0) continue;
      const detail = misfit({ width: 1210 + by, height: 566 + also }, [brain], [brain])?.detail ?? "";
      expect(detail).not.toContain("to 100 %");
      if (by !== 0 && also !== 0) continue;
      expect(detail).toMatch(by + also < 0 ? /is cropped by/ : /is larger by/);
      expect(detail).toContain(`by ${Math.abs(by + also)} pixel`);
    }
  }
});

test("an image of the size of another library is of its template, also where one side is the same", () => {
  const other = library("other", 1210, 563, "FEMALE");
  expect(misfit({ width: 1210, height: 563 }, [brain], [brain, other])?.detail).toContain("of another template");
});

test("libraries that the image would fit are named", () => {
  expect(misfit({ width: 573, height: 1119 }, [brain], all)?.fitting).toEqual(["cord"]);
});
