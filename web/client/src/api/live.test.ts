import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { listen } from "./live";

vi.mock("./client", () => ({ ended: (state: string) => state === "SUCCEEDED" }));
vi.mock("./queries", () => ({}));

const APPSYNC = {
  kind: "appsync",
  http: "https://a.example/event",
  realtime: "wss://b.example",
  namespace: "jobs",
} as const;

class Socket {
  static made: Socket[] = [];
  sent: string[] = [];
  onopen = () => {};
  onclose = () => {};
  onmessage = (_: { data: string }) => {};
  constructor() {
    Socket.made.push(this);
  }
  send(text: string) {
    this.sent.push((JSON.parse(text) as { type: string }).type);
  }
  close() {
    this.onclose();
  }
  tell(message: object) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

class Source extends EventTarget {
  static CLOSED = 2;
  static made: Source[] = [];
  readyState = 0;
  onopen = () => {};
  onerror = () => {};
  constructor() {
    super();
    Source.made.push(this);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
}

const last = <T>(made: T[]): T => made.at(-1) as T;
let live: boolean | null;
let hints: number;
let stop: () => void;

async function begin(kind: typeof APPSYNC | { kind: "sse" }) {
  live = null;
  hints = 0;
  const told = { line: () => {}, hint: () => (hints += 1) };
  stop = listen(kind, "j1", (now) => (live = now), told);
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  Socket.made = [];
  Source.made = [];
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("EventSource", Source);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("asks for a job when the socket is ready, as nobody told of what was before", async () => {
  await begin(APPSYNC);
  const socket = last(Socket.made);
  socket.onopen();
  socket.tell({ type: "connection_ack", connectionTimeoutMs: 60_000 });
  expect([live, hints]).toEqual([null, 0]);
  socket.tell({ type: "subscribe_success" });
  expect([live, hints]).toEqual([true, 1]);
  socket.tell({ type: "data", event: JSON.stringify({ job_id: "j1" }) });
  socket.tell({ type: "data", event: JSON.stringify({ job_id: "another" }) });
  expect(hints).toBe(2);
});

it("makes a socket again that was lost, and asks for the job then", async () => {
  await begin(APPSYNC);
  last(Socket.made).tell({ type: "subscribe_success" });
  last(Socket.made).close();
  expect(live).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(Socket.made).toHaveLength(2);
  last(Socket.made).tell({ type: "subscribe_success" });
  expect([live, hints]).toEqual([true, 2]);
});

it("gives up a socket on which nothing is said, be it at the begin or later", async () => {
  await begin(APPSYNC);
  await vi.advanceTimersByTimeAsync(21_000);
  expect(live).toBe(false);
  expect(Socket.made).toHaveLength(2);
  last(Socket.made).tell({ type: "connection_ack", connectionTimeoutMs: 60_000 });
  last(Socket.made).tell({ type: "subscribe_success" });
  await vi.advanceTimersByTimeAsync(50_000);
  last(Socket.made).tell({ type: "ka" });
  await vi.advanceTimersByTimeAsync(50_000);
  expect([live, Socket.made.length]).toEqual([true, 2]);
  await vi.advanceTimersByTimeAsync(12_000);
  expect([live, Socket.made.length]).toEqual([false, 3]);
});

it("polls while the server cannot tell of a job, and tries again", async () => {
  await begin({ kind: "sse" });
  last(Source.made).onopen();
  expect(live).toBe(true);
  last(Source.made).dispatchEvent(new Event("problem"));
  expect([live, last(Source.made).readyState]).toEqual([false, Source.CLOSED]);
  await vi.advanceTimersByTimeAsync(16_000);
  expect(Source.made).toHaveLength(2);
});

it("tries again after the server refused to tell, which browsers do not", async () => {
  await begin({ kind: "sse" });
  last(Source.made).onerror();
  expect([live, Source.made.length]).toEqual([false, 1]);
  last(Source.made).close();
  last(Source.made).onerror();
  await vi.advanceTimersByTimeAsync(16_000);
  expect(Source.made).toHaveLength(2);
});
