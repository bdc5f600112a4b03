/** Keys of matches that differ also where several libraries are searched: then `1:images/1/a.png` is of the second. Pure. */

import type { Job } from "../../api/client";

/** Where the libraries are that a job searches, if there are several. */
export function severalOf(job: Pick<Job, "parameters">): string[] {
  const { library } = job.parameters;
  const found = Array.isArray(library) ? library.filter((one) => typeof one === "string") : [];
  return found.length > 1 ? found : [];
}

/** The key of a match. */
export function keyed(key: string, place: string | null, libraries: readonly string[]): string {
  const number = place === null ? -1 : libraries.findIndex((one) => plain(one) === plain(place));
  return number > 0 || /^\d+:/.test(key) ? `${Math.max(0, number)}:${key}` : key;
}

/** The number of the library and the key of the image in it. */
export function unkeyed(key: string): { library: number; key: string } {
  const found = /^(\d+):(.*)$/s.exec(key);
  return found === null ? { library: 0, key } : { library: Number(found[1]), key: found[2] ?? "" };
}

/** Where an image is. */
export function located(library: string, key: string): string {
  return `${plain(library)}/${key}`;
}

function plain(place: string): string {
  return place.replace(/\/+$/, "");
}
