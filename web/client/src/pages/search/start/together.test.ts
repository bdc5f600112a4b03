import { expect, test } from "vitest";
import { together } from "./together";

const one = {
  items: 10,
  batches: 1,
  seconds: 2,
  usd: 0.5,
  most_usd: 1,
  on_aws_usd: 0.5,
  basis: "as before",
  lines: [],
};

test("the estimates of several jobs are added up", () => {
  const sum = together([one, { ...one, items: 5, lines: [{ what: "workers", usd: 0.5 }] }]);
  expect(sum).toMatchObject({ items: 15, batches: 2, seconds: 4, usd: 1, basis: "as before" });
  expect(sum?.lines).toHaveLength(1);
});

test("what one of them does not know, nobody knows", () => {
  expect(together([one, { ...one, seconds: null }])?.seconds).toBeNull();
  expect(together([])).toBeNull();
});
