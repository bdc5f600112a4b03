/** How this page reaches its server; the server or the deployment writes `/config.json`, which holds no secret. */
export interface Config {
  auth: { region: string; userPoolId: string; userPoolClientId: string; endpoint: string | null } | null;
  live: { kind: "sse" } | { kind: "appsync"; http: string; realtime: string; namespace: string };
}

let loaded: Promise<Config> | undefined;

/** The configuration; read once, and again by who asks after it could not be. */
export function config(): Promise<Config> {
  loaded ??= read().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function read(): Promise<Config> {
  const answer = await fetch("/config.json", { cache: "no-cache" }).catch(() => {
    throw new Error("the server cannot be reached");
  });
  if (!answer.ok) throw new Error(`the configuration of this page cannot be read (${answer.status})`);
  return (await answer.json()) as Config;
}
