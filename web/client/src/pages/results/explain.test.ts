import { expect, test } from "vitest";
import type { Job } from "../../api/client";
import { explainNothing, libraryName, maskNames } from "./explain";

const PROGRESS = { items_done: 200, item_errors: 0 } as Job["progress"];
const PARAMETERS = {
  library: "/libs/brains",
  mask_threshold: 100,
  data_threshold: 100,
  min_matching_pix_ratio: 2,
  pix_color_fluctuation: 2,
  xy_shift: 2,
  mirror_mask: true,
};

test("that nothing matches is explained by what was searched and by the bounds that were set", () => {
  const { done, tries } = explainNothing({ parameters: PARAMETERS, progress: PROGRESS });
  expect(done).toContain("200 images of brains were searched");
  expect(done).toContain("more than 2 %");
  expect(tries[0]).toContain("Least matching pixels");
  expect(tries.join()).not.toContain("Mirror");
});

test("what is as wide as it can be is not proposed", () => {
  const parameters = {
    ...PARAMETERS,
    mask_threshold: 0,
    data_threshold: 0,
    min_matching_pix_ratio: 0,
    pix_color_fluctuation: 5,
    xy_shift: 4,
  };
  expect(explainNothing({ parameters, progress: PROGRESS }).tries).toEqual([]);
});

test("images that could not be read, a mask that is not mirrored and a negative mask are named", () => {
  const parameters = { ...PARAMETERS, mirror_mask: false, negative_mask: "upload:a" };
  const { done, tries } = explainNothing({ parameters, progress: { ...PROGRESS, item_errors: 3 } });
  expect(done).toContain("197 images");
  expect(tries[0]).toContain("3");
  expect(tries.join()).toMatch(/Mirror the mask.*negative mask/);
});

test("parameters of another analysis are no reason to guess", () => {
  const { done, tries } = explainNothing({ parameters: {}, progress: { ...PROGRESS, items_done: 0 } });
  expect(done).toBe("No image of the library was searched.");
  expect(tries).toEqual([]);
});

test("names are the last parts of places", () => {
  expect(["/libs/brains/", "s3://bucket/brains", "library:brains", 3].map(libraryName)).toEqual([
    "brains",
    "brains",
    "brains",
    "the library",
  ]);
  expect(maskNames(["/a/b.tif", "c.png"])).toEqual(["b.tif", "c.png"]);
  expect(maskNames(undefined)).toEqual([]);
});
