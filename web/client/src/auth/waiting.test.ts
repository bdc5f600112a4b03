import { expect, test } from "vitest";
import { Waiting } from "./waiting";

test("all that wait go on together", async () => {
  const waiting = new Waiting();
  const both = Promise.all([waiting.wait(), waiting.wait()]);
  waiting.goOn();
  await expect(both).resolves.toHaveLength(2);
});

test("what is given up says that one is signed out, and what waits later is not", async () => {
  const waiting = new Waiting();
  const given = waiting.wait();
  waiting.giveUp();
  await expect(given).rejects.toMatchObject({ code: "signed_out" });
  const later = waiting.wait();
  waiting.goOn();
  await expect(later).resolves.toBeUndefined();
});
