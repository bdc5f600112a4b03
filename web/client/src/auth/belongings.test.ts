import { expect, test } from "vitest";
import { claim, forget, OWNER } from "./belongings";

/** A storage as browsers have them. */
function storage(kept: Record<string, string> = {}): Storage {
  const entries = new Map(Object.entries(kept));
  return {
    get length() {
      return entries.size;
    },
    key: (at) => [...entries.keys()][at] ?? null,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
    clear: () => entries.clear(),
  };
}

const names = (kept: Storage) => Array.from({ length: kept.length }, (_, at) => kept.key(at)).sort();
const KEPT = { "skyburst.search ": "{}", "skyburst.drawings": "[]", "skyburst.results": '"list"', "other.key": "1" };

test("who signs in again finds their drafts", () => {
  const kept = storage({ ...KEPT, [OWNER]: "ada" });
  claim(kept, "ada");
  expect(kept.getItem("skyburst.search ")).toBe("{}");
});

test.each([{ [OWNER]: "ada" }, {}])(
  "who signs in after somebody else finds nothing of them, but how results are shown",
  (of) => {
    const kept = storage({ ...KEPT, ...of });
    claim(kept, "grace");
    expect(names(kept)).toEqual(["other.key", OWNER, "skyburst.results"]);
    expect(kept.getItem(OWNER)).toBe("grace");
  },
);

test("what is forgotten is gone with the name of whose it was", () => {
  const kept = storage({ ...KEPT, [OWNER]: "ada" });
  forget(kept);
  expect(names(kept)).toEqual(["other.key", "skyburst.results"]);
});
