/** Who the user is to the server. Set by whoever signs users in; else the browser's cookie is enough. */
export interface Identity {
  /** The token that requests are sent with. */
  token(): Promise<string>;
  /** The claim `sub` of the user. */
  subject(): Promise<string>;
}

let identity: Identity | null = null;

export function setIdentity(next: Identity | null): void {
  identity = next;
}

/** Null where the browser's cookie is enough. */
export async function token(): Promise<string | null> {
  return identity ? identity.token() : null;
}

/** Empty where there is one user only. */
export async function subject(): Promise<string> {
  return identity ? identity.subject() : "";
}

/** Whether pictures and files need the token, so that they cannot be plain addresses in the page. */
export function needsToken(): boolean {
  return identity !== null;
}

/** A request with the token, if there is one. */
export async function authorizedFetch(input: Request | string, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const bearer = await token();
  if (bearer !== null) request.headers.set("Authorization", `Bearer ${bearer}`);
  return fetch(request);
}
