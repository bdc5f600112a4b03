import { expect, test } from "vitest";
import { certificateOf, machineOf, partsOf } from "./document";

test("a certificate of another format is not taken for one that is known", () => {
  expect(certificateOf({ certificate: 3 })).toBeNull();
  expect(certificateOf({ certificate: 2 })).toEqual({ certificate: 2 });
});

test("parts of a cost are told with the largest first; on one's own machine those of AWS", () => {
  const cost = { currency: "USD", amount: 0, parts: {}, on_aws: { amount: 3, parts: { engine: 1, workers: 2 } } };
  expect(partsOf(cost)).toEqual([
    ["workers", 2],
    ["engine", 1],
  ]);
  expect(partsOf({ currency: "USD", amount: 1, parts: { calls: 1 } })).toEqual([["calls", 1]]);
});

test("machines are told in words, whatever is known of them", () => {
  expect(machineOf("m5.large")).toBe("m5.large");
  expect(machineOf({ type: "c6i.large", id: "i-1", zone: null, spot: true })).toBe("c6i.large, i-1, spare");
});
