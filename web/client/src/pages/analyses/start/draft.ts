import type { Job } from "../../../api/client";
import { isObject } from "../../../components/json";
import type { Values } from "../../../components/schema";

/** A file, folder or address of a dataset. */
export interface Source {
  /** Of this source alone. */
  key: string;
  name: string;
  /** Bytes; null when it is not known. */
  size: number | null;
  /** What the job is given: `upload:ID`, a path or an address; null until its upload is complete. */
  at: string | null;
}

/** A dataset of the job that is going to be started. */
export interface DatasetDraft {
  key: string;
  name: string;
  sources: Source[];
  /** What else an earlier job said of it: `config` or `config_file`. */
  more: Record<string, unknown>;
}

/** A file that was dropped or chosen. */
export interface Dropped {
  key: string;
  name: string;
  size: number;
  /** With the folder that was dropped, such as `mouse1/a.tif`; its own name when it was dropped alone. */
  path: string;
}

const LEFT_BEHIND = /(^|\/)(\.DS_Store|\._[^/]*|\.folder|Thumbs\.db|\.git\/.*)$/;

/** Datasets of dropped files: each file is one, and all files of a folder are one together. */
export function grouped(files: readonly Dropped[]): DatasetDraft[] {
  const datasets = new Map<string, DatasetDraft>();
  for (const file of files) {
    const path = file.path.replace(/^(\.?\/)+/, "");
    if (LEFT_BEHIND.test(path)) continue;
    const source: Source = { key: file.key, name: file.name, size: file.size, at: null };
    const folder = path.includes("/") ? path.slice(0, path.indexOf("/")) : null;
    const known = folder === null ? undefined : datasets.get(folder);
    if (known !== undefined) known.sources.push(source);
    else {
      const name = folder ?? file.name;
      datasets.set(folder ?? `file ${file.key}`, { key: `dataset ${file.key}`, name, sources: [source], more: {} });
    }
  }
  return [...datasets.values()];
}

/** Datasets of paths or addresses, one a line. */
export function fromLines(text: string, key: (number: number) => string): DatasetDraft[] {
  return lines(text).map((at, number) => {
    const name = at.replace(/\/+$/, "").split("/").at(-1) ?? at;
    return { key: `dataset ${key(number)}`, name, sources: [{ key: key(number), name: at, size: null, at }], more: {} };
  });
}

/** Datasets of files that were uploaded before. */
export function fromUploads(uploads: readonly { id: string; name: string; size: number }[]): DatasetDraft[] {
  return uploads.map(({ id, name, size }) => ({
    key: `dataset upload ${id}`,
    name,
    sources: [{ key: `upload ${id}`, name, size, at: `upload:${id}` }],
    more: {},
  }));
}

/** Some datasets as one, in the place of the first of them. */
export function together(datasets: readonly DatasetDraft[], keys: ReadonlySet<string>): DatasetDraft[] {
  const [first, ...others] = datasets.filter((one) => keys.has(one.key));
  if (first === undefined) return [...datasets];
  const one = { ...first, sources: [first, ...others].flatMap((dataset) => dataset.sources) };
  return datasets.flatMap((dataset) => (dataset.key === first.key ? [one] : keys.has(dataset.key) ? [] : [dataset]));
}

/** A dataset of several files as datasets of one each. */
export function apart(datasets: readonly DatasetDraft[], key: string): DatasetDraft[] {
  return datasets.flatMap((dataset) =>
    dataset.key !== key
      ? [dataset]
      : dataset.sources.map((source) => ({
          ...dataset,
          key: `dataset ${source.key}`,
          name: source.name,
          sources: [source],
        })),
  );
}

/** Why datasets cannot be given to a job as they are; null when they can. */
export function problemWith(dataset: DatasetDraft): string | null {
  const names = dataset.sources.map((source) => source.name.replace(/\/+$/, "").split("/").at(-1) ?? "");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    return `two of its files are called ${twice}, and folders inside a folder are not kept: put them into an archive, or split the dataset`;
  }
  return null;
}

/** What a job is given; null while uploads are not complete. */
export function itemsOf(datasets: readonly DatasetDraft[]): unknown[] | null {
  const items: unknown[] = [];
  for (const dataset of datasets) {
    const data = dataset.sources.flatMap((source) => (source.at === null ? [] : [source.at]));
    if (data.length < dataset.sources.length) return null;
    const [only] = data;
    const [source] = dataset.sources;
    const plain = data.length === 1 && only !== undefined && Object.keys(dataset.more).length === 0;
    const own =
      source !== undefined &&
      (source.name === dataset.name || source.name.replace(/\/+$/, "").endsWith(`/${dataset.name}`));
    items.push(plain && own ? only : { ...dataset.more, name: dataset.name, data: data.length === 1 ? only : data });
  }
  return items;
}

/** The lines of a text that have something in them. */
export function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** What of an earlier job a new one begins with. */
export interface Repeated {
  name: string;
  parameters: Values;
  items: unknown;
  /** The other fields of the specification, such as limits. */
  options: Values;
}

const NOT_AGAIN = new Set(["analysis", "name", "parameters", "items", "idempotency_key", "user", "group", "follows"]);

/** What a job was given, with uploads and libraries by their ids again. */
export function repeated(job: Pick<Job, "name" | "specification" | "references">): Repeated {
  const specification = structuredClone(job.specification) as Values;
  for (const [pointer, reference] of Object.entries(job.references)) put(specification, pointer, reference);
  return {
    name: job.name ?? "",
    parameters: isObject(specification.parameters) ? specification.parameters : {},
    items: specification.items ?? null,
    options: Object.fromEntries(Object.entries(specification).filter(([field]) => !NOT_AGAIN.has(field))),
  };
}

/** Set what a JSON Pointer points to; what is not there stays away. */
function put(document: unknown, pointer: string, value: string): void {
  const parts = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = parts.pop();
  let within = document;
  for (const part of parts)
    within = Array.isArray(within) ? within[Number(part)] : isObject(within) ? within[part] : undefined;
  if (last === undefined) return;
  if (Array.isArray(within) && Number(last) < within.length) within[Number(last)] = value;
  else if (isObject(within) && last in within) within[last] = value;
}

/**
 * Datasets of an earlier job.
 *
 * @param items as they are in its specification, with the ids of uploads.
 * @param original as they are in its specification, with the paths of uploads, which have their names.
 */
export function datasetsAgain(items: unknown, original: unknown): DatasetDraft[] {
  if (!Array.isArray(items)) return [];
  const before = Array.isArray(original) ? original : [];
  return items.map((item: unknown, number) => {
    const { data, name, ...more } = isObject(item) ? item : { data: item };
    const named: unknown = before[number];
    const paths = texts(isObject(named) ? named.data : named);
    const sources = texts(data).map((at, part) => {
      const shown = at.startsWith("upload:") ? (paths[part] ?? at).split("/").at(-1) : at;
      return { key: `again ${number} ${part}`, name: shown ?? at, size: null, at };
    });
    const first = sources[0]?.name.replace(/\/+$/, "").split("/").at(-1);
    return {
      key: `dataset again ${number}`,
      name: typeof name === "string" ? name : (first ?? `dataset ${number + 1}`),
      sources,
      more,
    };
  });
}

function texts(data: unknown): string[] {
  return [data].flat().filter((one): one is string => typeof one === "string");
}
