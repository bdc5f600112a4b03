import type { Analysis } from "../../api/client";
import { properties } from "../../components/schema";

/** Whether an analysis is one for the page New search. */
export function searchesByMask(analysis: Analysis): boolean {
  return analysis.kind === "search" && properties(analysis.parameters).some(([name]) => name === "mask");
}

/** What an analysis is given, so that the page asks for it. */
export function takes(analysis: Analysis): "datasets" | "items" | "parameters" {
  if (analysis.kind === "datasets") return "datasets";
  return analysis.lists_items ? "parameters" : "items";
}

/** What an analysis runs over, in a few words. */
export function kindOf(analysis: Analysis): string {
  if (analysis.kind === "datasets") return "runs over your datasets";
  if (searchesByMask(analysis)) return "searches libraries";
  if (analysis.kind === "search") return "runs over a library";
  return analysis.lists_items ? "lists its items itself" : "runs over items";
}

/** Words as the begin of a sentence. */
export function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
