/** Why the server refused something, as RFC 9457 has it; or why it could not be asked. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** For programs, such as `invalid_job`; `unreachable` when there was no answer. */
    readonly code: string,
    /** For people. */
    detail: string,
    /** Path of what is wrong, such as `job.parameters.mask`. */
    readonly field: string | null = null,
  ) {
    super(detail);
  }

  /** Whether the same request will be refused for ever, whatever else is done. */
  get lasting(): boolean {
    return this.status >= 400 && this.status < 500 && ![401, 409].includes(this.status) && !this.passing;
  }

  /** Whether the same request may succeed a moment later. */
  get passing(): boolean {
    if (this.code === "unreachable" || this.code === "upload_busy") return true;
    return this.status === 429 || (this.status >= 500 && this.code !== "unreadable_library");
  }
}

/** Whether it is of no use to ask the same again. */
export function isLasting(error: unknown): boolean {
  return error instanceof Problem && error.lasting;
}

/** Whether what was asked for is not there, or is no more. */
export function isGone(error: unknown): boolean {
  return error instanceof Problem && error.status === 404;
}

/** The problem that an answer tells of, whatever its body is. */
export function problemOf(status: number, body: unknown): Problem {
  if (typeof body === "object" && body !== null && "detail" in body && "code" in body) {
    const { code, detail, field } = body as { code: string; detail: string; field?: string | null };
    return new Problem(status, code, detail, field ?? null);
  }
  return new Problem(status, "unknown", `the server answered with ${status}`);
}

/** The server was started again since this page was opened, and has another token. */
export function startedAnew(): Problem {
  return new Problem(401, "no_token", "the server was started anew: open the address that it printed last");
}

export function unreachable(): Problem {
  return new Problem(0, "unreachable", "the server cannot be reached; what you see may be old");
}
