import { answer, api, apiPath } from "../../../api/client";
import { problemOf, unreachable } from "../../../api/problem";
import { authorizedFetch, needsToken } from "../../../api/token";
import { fetchBlob } from "../../../components/Picture";

/** Hand bytes that this page has to the browser as a file. */
export function saveBlob(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  save(name, address);
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after the click
}

export function saveText(name: string, text: string, type = "text/plain"): void {
  saveBlob(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

/** An address where the browser can fetch a file of a job by itself, without this page's token. */
export async function linkTo(jobId: string, name: string): Promise<string> {
  const path = fileAddress(jobId, name);
  if (!needsToken()) return path;
  const link = await answer(api.GET("/api/jobs/{job_id}/links/{name}", { params: { path: { job_id: jobId, name } } }));
  return link.url;
}

/** Have the browser download a file of a job. Throws a Problem. */
export async function download(jobId: string, name: string): Promise<void> {
  save(name.slice(name.lastIndexOf("/") + 1), await linkTo(jobId, name));
}

/** Path of a file of a job in the API. */
export function fileAddress(jobId: string, name: string): string {
  return apiPath("jobs", jobId, "files", name);
}

/** The first bytes of a file of a job, and whether that is all of it. Throws a Problem. */
export async function firstBytes(
  jobId: string,
  name: string,
  most: number,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; whole: boolean }> {
  let response: Response;
  try {
    response = await authorizedFetch(new URL(fileAddress(jobId, name), location.href).href, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw unreachable();
  }
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let read = 0;
  let whole = true;
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) break;
    chunks.push(chunk.value);
    read += chunk.value.length;
    if (read > most) {
      whole = false;
      await reader?.cancel();
      break;
    }
  }
  const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return { bytes: bytes.slice(0, most), whole };
}

function save(name: string, address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/** Have the browser download all files of a job, as a zip. Throws a Problem. */
export async function downloadAll(jobId: string): Promise<void> {
  const path = apiPath("jobs", jobId, "files.zip");
  if (!needsToken()) {
    save(`${jobId}.zip`, path);
    return;
  }
  saveBlob(`${jobId}.zip`, await fetchBlob(path));
}
