/** What is shown of a list of matches, as the address of the page has it. Pure. */

import type { ResultsQuery } from "../../api/queries";
import { FIELDS, type Form } from "./match";

export const SIZES = [10, 30, 50, 100] as const;
/** Matches of a page; `all` scrolls through all of them. */
export type Size = (typeof SIZES)[number] | "all";
export type Layout = "grid" | "list";

export const SORTS = {
  best: "Best first",
  pixels: "Most matching pixels",
  worst: "Lowest score first",
  line: "Line, A to Z",
  image: "Image, A to Z",
} as const;
export type Sort = keyof typeof SORTS;

export interface Filters {
  /** Libraries whose images are left out. */
  hide: string[];
  /** Null for any; empty for images of which it is not known. */
  sex: string | null;
  /** Patterns with * and ?, or a part of the text. */
  line: string;
  image: string;
  /** The least score. */
  least: number | null;
}

export interface View extends Filters {
  /** Which of the masks of a search, from 0. */
  mask: number;
  /** Null: as this browser showed results before. */
  layout: Layout | null;
  sort: Sort;
  /** How many matches of each line are shown at most; null for all. */
  perLine: number | null;
  /** From 1. */
  page: number;
  size: Size;
}

export const NO_FILTERS: Filters = { hide: [], sex: null, line: "", image: "", least: null };
export const DEFAULTS: View = { ...NO_FILTERS, mask: 0, layout: null, sort: "best", perLine: null, page: 1, size: 30 };

/** What an address asks for; what cannot be read is as if it were not there. */
export function readView(params: URLSearchParams): View {
  const size = params.get("size");
  const layout = params.get("view");
  const sort = params.get("sort") ?? "";
  return {
    hide: params.getAll("hide"),
    sex: params.get("sex"),
    line: params.get("line") ?? "",
    image: params.get("image") ?? "",
    least: decimal(params.get("score")),
    mask: (whole(params.get("mask"), 1) ?? 1) - 1,
    layout: layout === "grid" || layout === "list" ? layout : null,
    sort: Object.hasOwn(SORTS, sort) ? (sort as Sort) : DEFAULTS.sort,
    perLine: whole(params.get("per_line"), 1),
    page: whole(params.get("page"), 1) ?? 1,
    size: size === "all" ? "all" : (SIZES.find((one) => String(one) === size) ?? DEFAULTS.size),
  };
}

/** Those parameters of an address that differ from the defaults, beside what else the address has. */
export function writeView(params: URLSearchParams, change: Partial<View>): URLSearchParams {
  const next = { ...readView(params), ...change };
  // Another list begins at its first page.
  if (!("page" in change) && Object.keys(change).some((name) => name !== "layout")) next.page = 1;
  const written = new URLSearchParams(params);
  const put = (name: string, value: string | number | null, usual: string | number | null = null) => {
    if (value === usual) written.delete(name);
    else written.set(name, String(value));
  };
  written.delete("hide");
  for (const library of next.hide) written.append("hide", library);
  put("sex", next.sex);
  put("line", next.line, "");
  put("image", next.image, "");
  put("score", next.least);
  put("mask", next.mask + 1, 1);
  put("view", next.layout);
  put("sort", next.sort, DEFAULTS.sort);
  put("per_line", next.perLine);
  put("page", next.page, 1);
  put("size", next.size, DEFAULTS.size);
  return written;
}

/** How many filters leave something out. */
export function activeFilters(view: View): number {
  const on = [view.sex !== null, view.line !== "", view.image !== "", view.least !== null, view.perLine !== null];
  return on.filter(Boolean).length + (view.hide.length > 0 ? 1 : 0);
}

/** The filters as the API's conditions. */
export function conditions(view: Filters, form: Form): string[] {
  const field = FIELDS[form];
  return [
    ...view.hide.map((library) => `${field.library}!=${library}`),
    ...(view.sex === null ? [] : [`${field.sex}=${view.sex}`]),
    ...(view.line === "" ? [] : [`${field.line}~${view.line}`]),
    ...(view.image === "" ? [] : [`${field.id}~${view.image}`]),
    ...(view.least === null ? [] : [`${field.score}>=${view.least}`]),
  ];
}

/** The list that a view shows, without its page. */
export function queryOf(view: View, form: Form, at: readonly string[]): ResultsQuery {
  const field = FIELDS[form];
  const sorts: Record<Sort, string[]> = {
    best: [],
    pixels: [`-${field.pixels}`],
    worst: [field.score],
    line: [field.line],
    image: [field.id],
  };
  const where = conditions(view, form);
  const sort = sorts[view.sort];
  return {
    at: [...at],
    ...(where.length > 0 ? { where } : {}),
    ...(sort.length > 0 ? { sort } : {}),
    ...(view.perLine === null ? {} : { per: field.line, most_per: view.perLine }),
  };
}

/** How many pages there are: at least one. */
export function pages(matching: number, size: number): number {
  return Math.max(1, Math.ceil(matching / size));
}

function whole(text: string | null, least: number): number | null {
  const value = text === null || !/^\d{1,9}$/.test(text) ? Number.NaN : Number(text);
  return value >= least ? value : null;
}

function decimal(text: string | null): number | null {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
