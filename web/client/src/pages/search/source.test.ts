import { expect, test } from "vitest";
import { EMPTY, read, written } from "./draft";
import { nameOf, sourceOf } from "./source";

test.each([
  ["", { kind: "none" }],
  ["like=j1&key=images%2F1%2Fa.tif", { kind: "match", job: "j1", key: "images/1/a.tif" }],
  ["library=brains&key=a.tif", { kind: "item", library: "brains", key: "a.tif" }],
  ["repeat=j2", { kind: "repeat", job: "j2" }],
  ["like=j1", { kind: "none" }],
])("the address ?%s tells what a search begins with", (address, source) => {
  expect(sourceOf(new URLSearchParams(address))).toEqual(source);
});

test("each source has a draft of its own", () => {
  const names = ["", "repeat=a", "repeat=b", "like=a&key=k"].map((one) => nameOf(sourceOf(new URLSearchParams(one))));
  expect(new Set(names).size).toBe(4);
});

test("a draft is read as it was written; anything else is none", () => {
  const draft = { ...EMPTY, libraries: ["brains"], values: { xy_shift: 4 } };
  expect(read(written(draft))).toEqual(draft);
  for (const other of [null, "", "{}", '{"form":0,"draft":{}}', "[1"]) expect(read(other)).toBeNull();
});
