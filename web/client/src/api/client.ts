import createClient, { type Middleware } from "openapi-fetch";
import { isShutOut, setShutOut } from "./entry";
import { Problem, problemOf, startedAnew, unreachable } from "./problem";
import type { components, paths } from "./schema";
import { authorizedFetch, needsToken } from "./token";

type Schemas = components["schemas"];
export type About = Schemas["About"];
export type Analysis = Schemas["Analysis"];
export type Batch = Schemas["Batch"];
export type Dataset = Schemas["Dataset"];
export type Estimate = Schemas["Estimate"];
export type Job = Schemas["Job"];
export type JobLine = Schemas["JobLine"];
export type JobState = JobLine["state"];
export type Library = Schemas["Library"];
export type LogLine = Schemas["LogLine"];
export type Profile = Schemas["Profile"];
export type Progress = Schemas["Progress"];
export type Results = Schemas["Results"];
export type Upload = Schemas["Upload"];
export type UploadLine = Schemas["UploadLine"];

/** The one path that is asked for while the server lets this page in no more. */
const LOOK = "/api/about";

const problems: Middleware = {
  onRequest({ request, schemaPath }) {
    // Nothing is looked up in vain; what somebody does is sent, as they may have been let in since.
    if (isShutOut() && request.method === "GET" && schemaPath !== LOOK) throw startedAnew();
  },
  async onResponse({ response }) {
    if (response.ok) {
      setShutOut(false);
      return undefined;
    }
    const problem = problemOf(response.status, await response.json().catch(() => null));
    if (problem.code !== "no_token" || needsToken()) throw problem;
    setShutOut(true);
    throw startedAnew();
  },
  onError: ({ error }) => (error instanceof Problem || isAbort(error) ? (error as Error) : unreachable()),
};

/** The API; every call throws a Problem when it is refused. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: authorizedFetch,
  // Litestar takes lists as a name given again, and paths of files unescaped.
  querySerializer: { array: { style: "form", explode: true } },
});
api.use(problems);

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** What a call of the API answers, without the wrapping that an error would need: errors are thrown. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  const { data } = await call;
  if (data === undefined || data === null) throw new Problem(0, "empty", "the server's answer was empty");
  return data;
}

/** A path inside the API with each segment escaped, for what is not called through `api`: pictures and files. */
export function apiPath(...segments: string[]): string {
  return `/api/${segments
    .flatMap((one) => one.split("/"))
    .map(encodeURIComponent)
    .join("/")}`;
}

/** Whether a job has ended. */
export function ended(state: JobState): boolean {
  return !(state === "PENDING" || state === "RUNNING" || state === "COMBINING");
}
