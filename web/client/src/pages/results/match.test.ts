import { describe, expect, test } from "vitest";
import { facts, type Match, matchesOf, matchOf, sexWord, told } from "./match";

const ENDED = {
  image: {
    id: "R17E09-A",
    slideCode: "20200116_80_G5",
    objective: "40x",
    libraryName: "brains",
    publishedName: "R17E09",
    gender: "f",
    type: "LMImage",
    files: { store: "/libs/brains", CDM: "images/1/a.tif", CDMThumbnail: "thumbnails/1/a.jpg" },
    channel: 1,
  },
  files: { store: "/libs/brains", CDMInput: "m.tif", CDMMatch: "images/1/a.tif" },
  mirrored: true,
  normalizedScore: 812.5,
  matchingPixels: 551,
  type: "CDSMatch",
};
const RUNNING = {
  mask: 0,
  item: {
    id: "R17E09-A",
    key: "images/1/a.tif",
    location: "/libs/brains/images/1/a.tif",
    metadata: { published_name: "R17E09", gender: "f", slide_code: "20200116_80_G5", objective: "40x", channel: "1" },
  },
  matching_pixels: 551,
  matching_ratio: 0.25,
  mirrored: true,
};

function known(entry: unknown): Match {
  const match = matchOf(entry);
  if (match === null) throw new Error("no match");
  return match;
}

describe("a match", () => {
  test("is the same in both forms of a result, but for what only one of them tells", () => {
    const [done, soFar] = [known(ENDED), known(RUNNING)];
    const of = ({ key, id, line, sex, pixels, mirrored }: Match) => ({ key, id, line, sex, pixels, mirrored });
    expect(of(soFar)).toEqual(of(done));
    expect([done.score, soFar.score]).toEqual([812.5, 551]);
    expect([done.library, soFar.library]).toEqual(["brains", null]);
    for (const match of [done, soFar]) expect(told(match, "slideCode", "slide_code")).toBe("20200116_80_G5");
  });

  test("is scored by shape while it runs when the second stage has been there", () => {
    expect(known({ ...RUNNING, normalized_score: 9.5 }).score).toBe(9.5);
  });

  test("names the image that its part was cut from where that is another one", () => {
    expect(known(ENDED).original).toBeNull();
    expect(known({ ...ENDED, files: { CDMMatch: "cut/a.png" } }).original).toBe("cut/a.png");
  });

  test.each([
    null,
    3,
    "text",
    [],
    {},
    { image: {} },
    { item: { key: "a" } },
    { item: { key: "a" }, matching_pixels: "1" },
  ])("is not made of %j", (entry) => {
    expect(matchOf(entry)).toBeNull();
    expect(matchesOf({ entries: [entry, ENDED], places: [0, 1] })).toHaveLength(1);
  });

  test("tells all of its facts once, in words, and no places of this machine", () => {
    const text = JSON.stringify(facts(known(ENDED)));
    expect(facts(known(ENDED))).toContainEqual(["Slide code", "20200116_80_G5"]);
    expect(facts(known(ENDED))).toContainEqual(["Sex", "female"]);
    expect(facts(known(ENDED))).toContainEqual(["Mirrored", "yes"]);
    expect(facts(known(RUNNING))).toContainEqual(["Share of the mask", "25.0 %"]);
    expect(facts(known(RUNNING))).toContainEqual(["Line", "R17E09"]);
    expect(text).not.toContain("/libs");
    const names = facts(known(ENDED)).map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each([ENDED, RUNNING])("has the rank that its place in the whole list gives it", (entry) => {
    const ranks = matchesOf({ entries: [entry, entry], places: [4, 1] }).map(({ rank }) => rank);
    expect(ranks).toEqual([5, 2]);
    expect(known(entry).rank).toBeNull();
  });

  test("may be of a sex that is not known, or of a third", () => {
    expect([sexWord(null), sexWord(""), sexWord("m"), sexWord("x")]).toEqual(["not known", "not known", "male", "x"]);
  });
});
