import { type Document, parseDocument, stringify } from "yaml";
import type { Format } from "../../../api/analysisQueries";
import { isObject, same } from "../../../components/json";
import type { Values } from "../../../components/schema";
import type { Reading } from "./state";

// The YAML that Skyburst reads configs with, in which `yes` and `on` are true.
const DIALECT = { version: "1.1" } as const;

/** What a configuration in JSON or YAML says. An empty one says nothing. */
export function read(format: Format, text: string): Reading {
  if (text.trim() === "") return { values: {} };
  try {
    const value: unknown = format === "json" ? JSON.parse(text) : fromYaml(text);
    if (value === null && format === "yaml") return { values: {} }; // comments only
    if (!isObject(value)) return { problem: "a configuration is an object: names of parameters with their values" };
    return { values: value };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Values as a text.
 *
 * @param old what was written before: of YAML, its comments and order are kept.
 */
export function write(format: Format, values: Values, old: string | null = null): string {
  if (format === "json") return `${JSON.stringify(values, null, 2)}\n`;
  if (old !== null) {
    const kept = changed(old, values);
    if (kept !== null) return kept;
  }
  return Object.keys(values).length === 0 ? "" : stringify(values, DIALECT);
}

function fromYaml(text: string): unknown {
  const document = parseDocument(text, DIALECT);
  const [problem] = document.errors;
  if (problem !== undefined) throw problem;
  return asJson(document);
}

/** What has no form in JSON, such as a date, becomes text. */
function asJson(document: Document): unknown {
  return JSON.parse(JSON.stringify(document.toJS() ?? null)) as unknown;
}

function changed(old: string, values: Values): string | null {
  const document = parseDocument(old, DIALECT);
  const said: unknown = document.errors.length > 0 ? null : asJson(document);
  if (!isObject(said)) return null;
  for (const name of Object.keys(said)) if (!(name in values)) document.delete(name);
  for (const [name, value] of Object.entries(values)) {
    if (!(name in said) || !same(said[name], value)) document.set(name, value);
  }
  return document.toString();
}
