import { afterEach, beforeEach, expect, it, vi } from "vitest";

const PART = 10;
let asked: string[];
/** What the server answers to a request; undefined for what it does by itself. */
let refuse: (request: string) => Response | undefined;
let received: Set<number>;

function upload(state: "open" | "complete") {
  const parts = [0, 1, 2, 3, 4, 5].map((number) => ({
    number,
    offset: PART * number,
    size: PART,
    url: `/api/uploads/u1/parts/${number}`,
    received: received.has(number),
  }));
  return { id: "u1", name: "a.bin", size: 6 * PART, purpose: "data", state, parts, channels: 1, created_at: 0 };
}

async function serve(input: Request | string | URL): Promise<Response> {
  const { method, url } = input as Request;
  const request = `${method} ${new URL(url).pathname}`;
  asked.push(request);
  const refused = refuse(request);
  if (refused !== undefined) return refused;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const part = /^PUT .*parts\/(\d+)$/.exec(request)?.[1];
  if (part !== undefined) received.add(Number(part));
  return part === undefined
    ? Response.json(upload(request.endsWith("complete") ? "complete" : "open"))
    : new Response(null, { status: 204 });
}

const problem = (status: number) => Response.json({ code: "told", detail: "told" }, { status });
const file = () => new File([new Uint8Array(6 * PART)], "a.bin", { lastModified: 1 });
const parts = () => asked.filter((one) => one.startsWith("PUT"));

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  refuse = () => undefined;
  received = new Set();
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
  });
  vi.stubGlobal("location", new URL("http://127.0.0.1:8765/"));
  vi.stubGlobal("fetch", serve);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function send(): Promise<unknown> {
  const { uploadFile } = await import("./uploads");
  const outcome = uploadFile(file(), { purpose: "data" }).then(
    (done) => done.state,
    (error: unknown) => error,
  );
  await vi.runAllTimersAsync();
  return outcome;
}

it("sends no part again after the server did not answer to the last request", async () => {
  refuse = (request) => (request.endsWith("complete") ? problem(503) : undefined);
  expect(await send()).toMatchObject({ status: 503 });
  expect(parts()).toHaveLength(6);
  refuse = () => undefined;
  asked = [];
  expect(await send()).toBe("complete");
  expect(asked).toEqual(["GET /api/uploads/u1", "POST /api/uploads/u1/complete"]);
});

it("begins anew after the server refused the file", async () => {
  refuse = (request) => (request.endsWith("complete") ? problem(422) : undefined);
  expect(await send()).toMatchObject({ status: 422 });
  asked = [];
  refuse = () => undefined;
  expect(await send()).toBe("complete");
  expect(asked[0]).toBe("POST /api/uploads");
});

it("sends no further part after one was refused", async () => {
  refuse = (request) => (request.endsWith("parts/0") ? problem(413) : undefined);
  expect(await send()).toMatchObject({ status: 413 });
  expect(parts()).toHaveLength(3);
});
