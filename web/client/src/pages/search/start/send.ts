import { answer, api, type Job } from "../../../api/client";
import { Problem } from "../../../api/problem";
import { uploadFile } from "../../../api/uploads";
import type { Draft, UploadedImage } from "../draft";
import { remember } from "../drawings";
import { encodePng, type Pixels } from "../image/png";
import type { Raster } from "../mask/raster";
import { cutOut } from "../mask/seen";
import type { Layers } from "../mask/useLayers";
import { endingOf, type Search, specification } from "./specification";

/** What was sent and not yet answered for sure, so that sending it again starts nothing twice. Kept over a reload of the tab. */
interface Sent {
  /** Of what the masks were made of. */
  drawn: string;
  mask: string;
  negative: string | null;
  /** Of what was searched for, and the key that says that it is the same search. */
  search: string;
  key: string;
}

const KEY = "skyburst.search.sent";

interface Request {
  draft: Draft;
  image: UploadedImage;
  pixels: Pixels;
  layers: Layers;
  search: Omit<Search, "mask" | "negative">;
}

/** Upload the masks and start the job of a search. Throws a Problem when it is refused, or the server cannot be reached. */
export async function send(request: Request): Promise<Job> {
  const { draft, image, layers } = request;
  const before = recalled();
  const drawn = await digest([image.upload, draft.channel, draft.history, draft.negative]);
  const search = await digest([drawn, request.search]);
  const masks = before?.drawn === drawn ? before : await uploadMasks(request);
  const key = before?.search === search ? before.key : crypto.randomUUID();
  sessionStorage.setItem(KEY, JSON.stringify({ drawn, mask: masks.mask, negative: masks.negative, search, key }));
  let job: Job;
  try {
    const body = specification({ ...request.search, mask: masks.mask, negative: masks.negative });
    job = await answer(api.POST("/api/jobs", { body, params: { header: { "Idempotency-Key": key } } }));
  } catch (error) {
    // A refusal is an answer; without one nobody knows, and the next attempt is the same.
    if (error instanceof Problem && !error.passing) sessionStorage.removeItem(KEY);
    throw error;
  }
  sessionStorage.removeItem(KEY);
  if (layers.mask !== null) {
    const negative = layers.negative === null ? null : masks.negative;
    remember({ mask: masks.mask, negative, image, channel: draft.channel, history: draft.history });
  }
  return job;
}

/** The ids of uploads of what is looked for and of what must not be there. */
async function uploadMasks({ draft, image, pixels, layers, search }: Request) {
  const stem = image.name.replace(/\.[a-z]+$/i, "");
  const [library] = search.libraries;
  const options = { purpose: "image", ...(library === undefined ? {} : { library }) } as const;
  const upload = async (raster: Raster | null, ending: string) => {
    const file = new File([encodePng(cutOut(pixels, raster))], `${stem}-${ending}.png`, { type: "image/png" });
    return (await uploadFile(file, options)).id;
  };
  const ending = endingOf(image.channels, draft.channel, layers.mask !== null);
  const mask = ending === "" ? image.upload : await upload(layers.mask, ending);
  const negative = layers.negative === null ? null : await upload(layers.negative, "negative");
  return { mask, negative: negative ?? draft.negative?.upload ?? null };
}

/** SHA-256 of what may be long, hexadecimal. */
async function digest(value: unknown): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(value)));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function recalled(): Sent | null {
  const text = sessionStorage.getItem(KEY);
  return text === null ? null : (JSON.parse(text) as Sent);
}
