/** Why a search found nothing, and what to try. Pure. */

import type { Job } from "../../api/client";
import { count, counted } from "../../format";

export interface Explained {
  /** What was done, in a sentence. */
  done: string;
  /** What may find more, the likeliest first. */
  tries: string[];
}

/** Images that were searched: those that could not be read were not. */
export function imagesSearched(progress: Job["progress"]): number {
  return Math.max(0, progress.items_done - progress.item_errors);
}

/** What a job whose parameters are those of a color-depth search did, when it found no match. */
export function explainNothing(job: Pick<Job, "parameters" | "progress">): Explained {
  const { parameters, progress } = job;
  const value = (name: string) => (typeof parameters[name] === "number" ? (parameters[name] as number) : null);
  const [mask, data] = [value("mask_threshold"), value("data_threshold")];
  const [least, colour, shift] = [value("min_matching_pix_ratio"), value("pix_color_fluctuation"), value("xy_shift")];
  const library = libraryName(parameters.library);
  const images = imagesSearched(progress);
  const bound = least === null ? "" : `, and an image is a match when more than ${least} % of the mask's pixels match`;
  const done =
    images === 0
      ? `No image of ${library} was searched.`
      : `${counted(images, "image")} of ${library} ${images === 1 ? "was" : "were"} searched${bound}.`;
  const tries: string[] = [];
  if (least !== null && least > 0) {
    tries.push(`Lower "Least matching pixels": it is ${least} %, and with 0 one pixel is enough.`);
  }
  if (mask !== null && mask > 0) {
    tries.push(
      `Lower "Threshold for the mask" from ${mask}: pixels of the mask up to that value in red, green and blue do not take part.`,
    );
  }
  if (data !== null && data > 0) {
    tries.push(`Lower "Threshold for the library" from ${data}: darker pixels of its images cannot match.`);
  }
  if (colour !== null && colour < 5) {
    tries.push(`Raise "Z slice range" from ${colour}: colours, and so depths, may then differ more.`);
  }
  if (shift !== null && shift < 4) tries.push(`Raise "XY shift" from ${shift}: the mask may then lie farther off.`);
  if (parameters.mirror_mask === false) {
    tries.push('Turn on "Mirror the mask": the neuron may be in the other half of the brain.');
  }
  if (typeof parameters.negative_mask === "string") {
    tries.push("Search without the negative mask: it takes matching pixels away from every score.");
  }
  if (progress.item_errors > 0) {
    const are = progress.item_errors === 1 ? "is" : "are";
    tries.unshift(`Look at the images that could not be read: there ${are} ${count(progress.item_errors)}.`);
  }
  return { done, tries };
}

/** The last part of where a library is; of several the names of all. */
export function libraryName(library: unknown): string {
  if (Array.isArray(library)) {
    const names = library.map(libraryName);
    return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? "the library");
  }
  const name =
    typeof library === "string"
      ? library
          .replace(/[/\\]+$/, "")
          .split(/[/\\:]/)
          .pop()
      : undefined;
  return name || "the library";
}

/** Names of the masks of a job, for people. */
export function maskNames(mask: unknown): string[] {
  const masks = (Array.isArray(mask) ? mask : [mask]).filter((one) => typeof one === "string");
  return masks.map((one) => one.split(/[/\\]/).pop() || one);
}
