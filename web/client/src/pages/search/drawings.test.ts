import { expect, test } from "vitest";
import { type Drawing, withOne } from "./drawings";

function drawing(mask: string, corners = 3): Drawing {
  const points = Array.from({ length: corners * 2 }, (_, at) => at);
  const step = { kind: "area", layer: "mask", add: true, points } as const;
  const image = { upload: "u", name: "a.png", width: 9, height: 9, channels: 1 };
  return { mask, negative: null, image, channel: 1, history: { steps: [step], done: 1 } };
}

test("the newest drawing comes first, and each mask has one", () => {
  const kept = withOne(withOne(withOne([], drawing("a")), drawing("b")), drawing("a", 5));
  expect(kept.map(({ mask }) => mask)).toEqual(["a", "b"]);
  expect(kept[0]).toEqual(drawing("a", 5));
});

test("old drawings make room for new ones", () => {
  let kept: Drawing[] = [];
  for (let number = 0; number < 40; number += 1) kept = withOne(kept, drawing(String(number)));
  expect(kept).toHaveLength(30);
  expect(kept[0]?.mask).toBe("39");
  expect(withOne(kept, drawing("large", 60_000)).length).toBeLessThan(30);
  expect(withOne(kept, drawing("too large", 600_000)).map(({ mask }) => mask)).not.toContain("too large");
});
