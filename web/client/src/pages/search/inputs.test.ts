import { expect, test } from "vitest";
import { inputsOf } from "./inputs";

const parameters = { mask: "/home/x/a.png", library: ["/libs/a", "/libs/b"], negative_mask: null, xy_shift: 4 };

test("a job's inputs are found by what it was given", () => {
  const references = {
    "/parameters/mask": "upload:ab",
    "/parameters/library/0": "library:a",
    "/parameters/library/1": "library:b",
  };
  expect(inputsOf({ specification: { parameters }, references })).toEqual({
    mask: "ab",
    negative: null,
    libraries: ["a", "b"],
    values: { xy_shift: 4 },
  });
});

test("what came from elsewhere has no names", () => {
  expect(inputsOf({ specification: {}, references: {} })).toEqual({
    mask: null,
    negative: null,
    libraries: null,
    values: {},
  });
});
