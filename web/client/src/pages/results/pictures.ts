import { apiPath } from "../../api/client";

/** Where the picture of an item is that a job searched. */
export function picturePath(jobId: string, key: string, size: "full" | "thumbnail" = "full"): string {
  const path = apiPath("jobs", jobId, "pictures", key);
  return size === "full" ? path : `${path}?size=thumbnail`;
}

/** Where the picture of an image is that a parameter of a job names. */
export function inputPath(jobId: string, parameter: "mask" | "negative_mask", number: number): string {
  return `${apiPath("jobs", jobId, "inputs", parameter)}?number=${number}`;
}

/** The page of a new search like a job: with its parameters, and, with a key, an image of its results to draw a mask on. */
export function searchPath(jobId: string, key?: string): string {
  return `/search?${new URLSearchParams({ like: jobId, ...(key === undefined ? {} : { key }) })}`;
}
