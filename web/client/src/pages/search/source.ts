/** What a search begins with, as the address of the page tells. */
export type Source =
  | { kind: "none" }
  /** The image of a match of a job. */
  | { kind: "match"; job: string; key: string }
  /** An image of a library. */
  | { kind: "item"; library: string; key: string }
  /** A job with its mask and parameters. */
  | { kind: "repeat"; job: string };

export function sourceOf(search: URLSearchParams): Source {
  const [like, repeat, library, key] = ["like", "repeat", "library", "key"].map((name) => search.get(name));
  if (repeat) return { kind: "repeat", job: repeat };
  if (like && key) return { kind: "match", job: like, key };
  if (library && key) return { kind: "item", library, key };
  return { kind: "none" };
}

/** A name that differs between sources. */
export function nameOf(source: Source): string {
  return source.kind === "none" ? "" : JSON.stringify(source);
}
