import { expect, test } from "vitest";
import { type Draft, EMPTY, filled, read, written } from "./draft";

const IMAGE = { upload: "a", name: "a.png", width: 2, height: 1, channels: 2 };
const BROUGHT: Partial<Draft> = {
  image: IMAGE,
  channel: 2,
  analysis: "search",
  libraries: ["brains"],
  values: { threshold: 90, shift: 2 },
  name: "earlier",
  negative: { upload: "n", name: "n.png" },
};

test("an empty draft gets all that its source brings", () => {
  expect(filled(EMPTY, BROUGHT)).toEqual({ ...EMPTY, ...BROUGHT });
});

test("what was chosen before the source came stays, also over a reload", () => {
  const begun = { ...EMPTY, libraries: ["others"], values: { threshold: 70 }, name: "mine" };
  const kept = read(written(begun));
  for (const draft of [begun, kept ?? EMPTY]) {
    const now = filled(draft, BROUGHT);
    expect(now.image).toEqual(IMAGE);
    expect(now.libraries).toEqual(["others"]);
    expect(now.values).toEqual({ threshold: 70, shift: 2 });
    expect(now.name).toBe("mine");
  }
});

test("an image that was chosen stays, and so does the channel of it", () => {
  const own = { ...EMPTY, image: { ...IMAGE, upload: "own" }, channel: 1 };
  const now = filled(own, BROUGHT);
  expect([now.image?.upload, now.channel, now.negative]).toEqual(["own", 1, null]);
  expect(now.libraries).toEqual(["brains"]);
});

test("parameters of another analysis than was chosen are left out", () => {
  const now = filled({ ...EMPTY, analysis: "other", values: { cut: 1 } }, BROUGHT);
  expect([now.analysis, now.values]).toEqual(["other", { cut: 1 }]);
});
