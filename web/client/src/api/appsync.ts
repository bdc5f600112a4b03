import type { Config } from "./config";
import { subject, token } from "./token";

type Live = Extract<Config["live"], { kind: "appsync" }>;
/** What the deployment tells of a job: enough to know that it is worth asking for. */
export interface JobHint {
  job_id: string;
}
/** The longest wait before a lost connection is made again. */
const MOST_WAIT_MS = 30_000;
/** A connection on which nothing is heard for so long is given up, unless the server names another time. */
const SILENCE_MS = 300_000;
/** One that is not made in so long is given up. */
const OPENING_MS = 20_000;

/**
 * Hear of the user's jobs, by AWS AppSync Events, until the returned function is called.
 *
 * The protocol is that of https://docs.aws.amazon.com/appsync/latest/eventapi/event-api-websocket-protocol.html
 */
export function subscribe(live: Live, setLive: (live: boolean) => void, hear: (hint: JobHint) => void): () => void {
  let socket: WebSocket | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let failures = 0;

  const lost = () => {
    clearTimeout(silence);
    if (stopped) return;
    setLive(false);
    failures += 1;
    again = setTimeout(connect, Math.min(MOST_WAIT_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
  };
  const connect = async () => {
    try {
      const authorization = { host: new URL(live.http).host, Authorization: (await token()) ?? "" };
      const channel = `/${live.namespace}/${await subject()}`;
      if (stopped) return;
      let patience = OPENING_MS;
      let usual = SILENCE_MS;
      const opened = new WebSocket(live.realtime, [`header-${base64url(authorization)}`, "aws-appsync-event-ws"]);
      socket = opened;
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(() => opened.close(), patience);
      };
      heard();
      opened.onopen = () => opened.send(JSON.stringify({ type: "connection_init" }));
      opened.onclose = lost;
      opened.onmessage = ({ data }) => {
        const message = JSON.parse(data as string) as { type: string; event?: string; connectionTimeoutMs?: number };
        if (message.type === "connection_ack") {
          usual = message.connectionTimeoutMs ?? usual;
          opened.send(JSON.stringify({ type: "subscribe", id: crypto.randomUUID(), channel, authorization }));
        } else if (message.type === "subscribe_success") {
          failures = 0;
          patience = usual;
          setLive(true);
        } else if (message.type === "data" && message.event !== undefined) {
          hear(JSON.parse(message.event) as JobHint);
        } else if (message.type.endsWith("error")) {
          opened.close();
        }
        heard();
      };
    } catch {
      lost(); // no token: whoever signs users in shows that; a connection is tried for again
    }
  };
  void connect();
  return () => {
    stopped = true;
    clearTimeout(silence);
    clearTimeout(again);
    socket?.close();
  };
}

function base64url(value: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
