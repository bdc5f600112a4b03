/** How this page reaches its server; the server or the deployment writes `/config.json`, which holds no secret. */
export interface Config {
  auth: { region: string; userPoolId: string; userPoolClientId: string; endpoint: string | null } | null;
  live: { kind: "sse" } | { kind: "appsync"; http: string; realtime: string; namespace: string };
}

let loaded: Promise<Config> | undefined;

/** The configuration; read once. */
export function config(): Promise<Config> {
  loaded ??= fetch("/config.json", { cache: "no-cache" }).then(
    (answer) => {
      if (!answer.ok) throw new Error(`the configuration of this page cannot be read (${answer.status})`);
      return answer.json() as Promise<Config>;
    },
    () => {
      loaded = undefined;
      throw new Error("the server cannot be reached");
    },
  );
  return loaded;
}
