import { apiPath } from "../../api/client";
import { unkeyed } from "./keyed";

/** Where the picture of a match is, by its key. */
export function picturePath(jobId: string, key: string, size: "full" | "thumbnail" = "full"): string {
  const image = unkeyed(key);
  const query = [
    ...(image.library > 0 ? [`library=${image.library}`] : []),
    ...(size === "full" ? [] : ["size=thumbnail"]),
  ].join("&");
  return `${apiPath("jobs", jobId, "pictures", image.key)}${query && `?${query}`}`;
}

/** Where the picture of an image is that a parameter of a job names. */
export function inputPath(jobId: string, parameter: "mask" | "negative_mask", number: number): string {
  return `${apiPath("jobs", jobId, "inputs", parameter)}?number=${number}`;
}

/** The page of a new search like a job: with its parameters, and, with a key, an image of its results to draw a mask on. */
export function searchPath(jobId: string, key?: string): string {
  return `/search?${new URLSearchParams({ like: jobId, ...(key === undefined ? {} : { key }) })}`;
}
