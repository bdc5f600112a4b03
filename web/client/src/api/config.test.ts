import { beforeEach, expect, it, vi } from "vitest";

beforeEach(() => {
  vi.resetModules();
});

it("is asked for again after the server refused it, and then no more", async () => {
  const { config } = await import("./config");
  const found = { auth: null, live: { kind: "sse" } };
  const fetched = vi.fn<typeof fetch>();
  vi.stubGlobal("fetch", fetched);
  fetched.mockResolvedValueOnce(new Response("", { status: 503 }));
  await expect(config()).rejects.toThrow("(503)");
  fetched.mockResolvedValueOnce(new Response("<html>"));
  await expect(config()).rejects.toThrow("JSON");
  fetched.mockRejectedValueOnce(new TypeError("fetch failed"));
  await expect(config()).rejects.toThrow("cannot be reached");
  fetched.mockResolvedValueOnce(Response.json(found));
  expect(await config()).toEqual(found);
  expect(await config()).toEqual(found);
  expect(fetched).toHaveBeenCalledTimes(4);
});
