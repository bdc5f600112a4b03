/** A file of a job. */
export interface Named {
  /** With the folders before it, separated by slashes. */
  name: string;
  size: number;
}

export interface TreeNode {
  /** The last part of the name. */
  label: string;
  /** The whole name. */
  path: string;
  /** Bytes; of a folder those of all files in it. */
  size: number;
  /** Files in it, however deep; 0 for a file. */
  files: number;
  /** Null for a file. */
  children: TreeNode[] | null;
}

const ORDER = new Intl.Collator("en", { numeric: true });

/** Files as a tree: folders before files, numbers in names in their order. */
export function fileTree(files: readonly Named[]): TreeNode[] {
  const root: TreeNode = { label: "", path: "", size: 0, files: 0, children: [] };
  const folders = new Map<string, TreeNode>([["", root]]);
  const folder = (path: string): TreeNode => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const made: TreeNode = { label: lastOf(path), path, size: 0, files: 0, children: [] };
    folders.set(path, made);
    folder(parentOf(path)).children?.push(made);
    return made;
  };
  for (const { name, size } of files) {
    folder(parentOf(name)).children?.push({ label: lastOf(name), path: name, size, files: 0, children: null });
    for (let path = parentOf(name); ; path = parentOf(path)) {
      const above = folder(path);
      above.size += size;
      above.files += 1;
      if (path === "") break;
    }
  }
  return sorted(root.children ?? []);
}

function sorted(nodes: TreeNode[]): TreeNode[] {
  for (const node of nodes) if (node.children !== null) node.children = sorted(node.children);
  return nodes.sort((a, b) =>
    (a.children === null) === (b.children === null) ? ORDER.compare(a.label, b.label) : a.children === null ? 1 : -1,
  );
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folders above a file. */
export function above(path: string): string[] {
  const found: string[] = [];
  for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) found.push(parent);
  return found;
}

export type View = "text" | "json" | "image" | "html" | "table" | "none";

const VIEWS: Record<string, View> = {
  json: "json",
  html: "html",
  htm: "html",
  csv: "table",
  tsv: "table",
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  svg: "image",
  bmp: "image",
  avif: "image",
};
const TEXTS = new Set(
  "txt log md yaml yml toml ini cfg conf xml py sh r m jl js ts c h cpp rs tex rst jsonl ndjson err out swc".split(" "),
);

/** How a file is shown here; `none` for one that can only be downloaded. Names without an ending are shown as text. */
export function viewOf(name: string): View {
  const file = lastOf(name).toLowerCase();
  const dot = file.lastIndexOf(".");
  const ending = dot < 0 ? "txt" : file.slice(dot + 1);
  return VIEWS[ending] ?? (TEXTS.has(ending) ? "text" : "none");
}

/** Bytes as text, or null when they are none. `whole` says whether more bytes follow. */
export function asText(bytes: Uint8Array, whole: boolean): string | null {
  if (bytes.includes(0)) return null;
  try {
    // The last character may be cut in two where more bytes follow.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    return null;
  }
}

/** JSON with a line for each value; what is no JSON stays as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The cells of a table of text, with quotes as RFC 4180 has them; at most so many rows. */
export function cells(text: string, separator: string, most: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const one = text[at];
    if (quoted) {
      if (one !== '"') cell += one;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (one === '"' && cell === "") quoted = true;
    else if (one === separator) {
      row.push(cell);
      cell = "";
    } else if (one === "\n") {
      rows.push([...row, cell.replace(/\r$/, "")]);
      row = [];
      cell = "";
    } else cell += one;
  }
  if (rows.length < most && (cell !== "" || row.length > 0)) rows.push([...row, cell]);
  return rows;
}
