import { answer, api, type Upload } from "./client";
import { Problem, problemOf, unreachable } from "./problem";
import { authorizedFetch } from "./token";

type Part = Upload["parts"][number];

export interface UploadOptions {
  purpose: Upload["purpose"];
  /** Id of a library whose images an image must be like in size. */
  library?: string;
  /** Called with the share of the bytes that the server has, 0 to 1. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

const AT_ONCE = 3;
const TRIES = 6;
const REMEMBERED = "skyburst.uploads";

/**
 * Upload a file and have it checked. After a lost connection the missing parts are sent; given the same file again after a
 * reload, an upload that was begun goes on.
 *
 * Throws a Problem when the server refuses the file, or cannot be reached for half a minute.
 */
export async function uploadFile(file: File, options: UploadOptions): Promise<Upload> {
  const { purpose, library, onProgress, signal } = options;
  let upload = await patiently(() => begin(file, purpose), signal);
  signal?.throwIfAborted(); // what is given up is not remembered
  if (upload.state !== "complete") {
    remember(file, upload.id);
    const had = upload.parts.filter((part) => part.received);
    let sent = had.reduce((sum, part) => sum + part.size, 0);
    onProgress?.(sent / file.size);
    const left = upload.parts.filter((part) => !part.received);
    const sendSome = async () => {
      for (let part = left.shift(); part !== undefined; part = left.shift()) {
        const next = part;
        await patiently(() => send(file, next, signal), signal);
        sent += next.size;
        onProgress?.(sent / file.size);
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, sendSome));
    } catch (error) {
      left.length = 0; // the others send no further part of what has failed
      throw error;
    }
    const path = { upload: upload.id };
    const query = library === undefined ? {} : { library };
    try {
      upload = await patiently(
        () => answer(api.POST("/api/uploads/{upload}/complete", { params: { path, query }, signal: signal ?? null })),
        signal,
      );
    } catch (error) {
      // What the server refused is begun anew; what it did not answer to goes on with the parts that it has.
      if (error instanceof Problem && !error.passing) forget(file);
      throw error;
    }
    forget(file);
  }
  onProgress?.(1);
  return upload;
}

async function begin(file: File, purpose: Upload["purpose"]): Promise<Upload> {
  const before = recall(file);
  if (before !== null) {
    try {
      const upload = await answer(api.GET("/api/uploads/{upload}", { params: { path: { upload: before } } }));
      if (upload.size === file.size && upload.purpose === purpose) return upload;
    } catch (error) {
      if (!(error instanceof Problem) || error.passing) throw error;
    }
    forget(file);
  }
  return answer(api.POST("/api/uploads", { body: { name: file.name, size: file.size, purpose } }));
}

async function send(file: File, part: Part, signal?: AbortSignal): Promise<void> {
  const body = file.slice(part.offset, part.offset + part.size);
  const init = { method: "PUT", body, signal: signal ?? null };
  const own = new URL(part.url, location.href).origin === location.origin;
  let response: Response;
  try {
    // A storage that has an address of its own is given no token: the address is enough.
    response = await (own ? authorizedFetch(new URL(part.url, location.href).href, init) : fetch(part.url, init));
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
}

/** Do something again, after longer and longer waits, while what is wrong may pass. */
async function patiently<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await action();
    } catch (error) {
      if (signal?.aborted || !(error instanceof Problem) || !error.passing || tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tried));
    }
  }
}

// Which uploads were begun, so that they go on after a reload.

function nameOf(file: File): string {
  return `${file.name} ${file.size} ${file.lastModified}`;
}

function remembered(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}

function recall(file: File): string | null {
  return remembered()[nameOf(file)] ?? null;
}

function remember(file: File, id: string): void {
  localStorage.setItem(REMEMBERED, JSON.stringify({ ...remembered(), [nameOf(file)]: id }));
}

function forget(file: File): void {
  const { [nameOf(file)]: _, ...others } = remembered();
  localStorage.setItem(REMEMBERED, JSON.stringify(others));
}
