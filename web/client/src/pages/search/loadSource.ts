import { type Analysis, answer, api, apiPath, type Job, type Upload } from "../../api/client";
import { Problem } from "../../api/problem";
import { uploadFile } from "../../api/uploads";
import { fetchBlob } from "../../components/Picture";
import { picturePath } from "../results/pictures";
import type { Draft, UploadedImage } from "./draft";
import { recalled } from "./drawings";
import { type Inputs, inputsOf } from "./inputs";
import type { Source } from "./source";

/**
 * What a source brings to a draft: its image, which is uploaded unless it was already, and parameters and libraries of its job.
 *
 * Throws a Problem when it is gone.
 */
export async function loadSource(source: Exclude<Source, { kind: "none" }>): Promise<Partial<Draft>> {
  switch (source.kind) {
    case "item": {
      const path = apiPath("libraries", source.library, "pictures", source.key);
      return { image: await uploaded(path, source.key), libraries: [source.library] };
    }
    case "match": {
      const job = await fetchJob(source.job);
      const path = picturePath(source.job, source.key);
      const { analysis, libraries, values } = await given(job);
      return { image: await uploaded(path, source.key), analysis, libraries, values };
    }
    case "repeat": {
      const job = await fetchJob(source.job);
      const { inputs, ...rest } = await given(job);
      const mask = inputs.mask === null ? null : await stillThere(inputs.mask);
      const drawn = mask === null ? null : recalled(mask.id);
      const original = drawn === null ? null : await stillThere(drawn.image.upload);
      const negative = inputs.negative === null ? null : await stillThere(inputs.negative);
      const name = job.name ?? null;
      if (drawn !== null && original !== null) {
        const undrawn = negative === null || drawn.negative === negative.id ? null : named(negative);
        return { ...rest, name, image: drawn.image, channel: drawn.channel, history: drawn.history, negative: undrawn };
      }
      const image = mask === null ? await uploaded(apiPath("jobs", source.job, "inputs", "mask"), "mask") : shown(mask);
      return { ...rest, name, image, negative: negative === null ? null : named(negative) };
    }
  }
}

function fetchJob(job_id: string): Promise<Job> {
  return answer(api.GET("/api/jobs/{job_id}", { params: { path: { job_id } } }));
}

async function given(job: Job) {
  const analysis: Analysis = await answer(
    api.GET("/api/analyses/{name}", { params: { path: { name: job.analysis } } }),
  );
  const inputs: Inputs = inputsOf(job);
  const known = Object.keys((analysis.parameters?.properties ?? {}) as Record<string, unknown>);
  const values = Object.fromEntries(Object.entries(inputs.values).filter(([name]) => known.includes(name)));
  return { analysis: analysis.name, libraries: inputs.libraries, values, inputs };
}

/** A picture of the API as an upload of one's own. */
async function uploaded(path: string, key: string): Promise<UploadedImage> {
  const stem = (key.split("/").at(-1) ?? key).replace(/\.[a-z]+$/i, "");
  const file = new File([await fetchBlob(path)], `${stem}.png`, { type: "image/png" });
  return shown(await uploadFile(file, { purpose: "image" }));
}

export function shown({ id, name, width, height, channels }: Upload): UploadedImage {
  return { upload: id, name, width: width ?? 0, height: height ?? 0, channels };
}

function named({ id, name }: Upload): { upload: string; name: string } {
  return { upload: id, name };
}

/** An upload; null when it is gone. */
async function stillThere(id: string): Promise<Upload | null> {
  try {
    const upload = await answer(api.GET("/api/uploads/{upload}", { params: { path: { upload: id } } }));
    return upload.state === "complete" && upload.purpose === "image" ? upload : null;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}
