import type { Format } from "../../../api/analysisQueries";
import { isObject, same } from "../../../components/json";
import { type Property, properties, type Values } from "../../../components/schema";

export type Mode = "form" | Format;
type Schema = Record<string, unknown> | null;

/** A configuration as it is edited: in a form, or as a text of one of two formats. */
export interface ConfigState {
  mode: Mode;
  /** What differs from the defaults: what the job is given. While a text cannot be read, the last that were `good`. */
  values: Values;
  /** Those of the form, or the last of a text that are as the schema wants them: not of what is half typed. */
  good: Values;
  /** The texts as they were written, with comments and all, and what each of them says. */
  texts: Partial<Record<Format, { text: string; values: Values }>>;
  /** The text that cannot be read, if there is one. Until it can, or is given up, nothing else is edited. */
  broken: Format | null;
}

/** What a text says, or why it cannot be read. */
export type Reading = { values: Values } | { problem: string };

export function begin(schema: Schema, values: Values = {}): ConfigState {
  return { mode: schema === null ? "yaml" : "form", values, good: values, texts: {}, broken: null };
}

/** After something was typed into the text of a format. */
export function typed(state: ConfigState, format: Format, text: string, schema: Schema, reading: Reading): ConfigState {
  if ("problem" in reading) {
    const { good } = state;
    return { ...state, values: good, texts: { ...state.texts, [format]: { text, values: good } }, broken: format };
  }
  const values = differing(schema, reading.values);
  const good = fitting(schema, values) ? values : state.good;
  return { ...state, values, good, texts: { ...state.texts, [format]: { text, values } }, broken: null };
}

/** After a field of the form was changed, or a preset chosen. */
export function filled(state: ConfigState, values: Values): ConfigState {
  return { ...state, values, good: values, broken: null };
}

/** Give up a text that cannot be read. */
export function givenUp(state: ConfigState): ConfigState {
  if (state.broken === null) return state;
  const { [state.broken]: _, ...texts } = state.texts;
  return { ...state, texts, broken: null };
}

/**
 * The text of a format as it is to be shown: as it was written, while it says what is so.
 *
 * @param write writes values as a new text, keeping what it can of an old one.
 */
export function textOf(
  state: ConfigState,
  format: Format,
  schema: Schema,
  write: (format: Format, values: Values, old: string | null) => string,
): string {
  const kept = state.texts[format];
  if (kept !== undefined && (state.broken === format || same(kept.values, state.values))) return kept.text;
  return write(format, whole(schema, state.values), kept?.text ?? null);
}

/** All parameters, with the defaults of those that are not given, in the order of the form. */
export function whole(schema: Schema, values: Values): Values {
  const declared = properties(schema);
  const known = declared.flatMap(([name, property]: [string, Property]) => {
    if (name in values) return [[name, values[name]] as const];
    return "default" in property ? [[name, property.default] as const] : [];
  });
  const names = new Set(declared.map(([name]) => name));
  return Object.fromEntries([...known, ...Object.entries(values).filter(([name]) => !names.has(name))]);
}

/** Whether parameters have the names, types and bounds of a schema; the server checks the rest. */
function fitting(schema: Schema, given: Values): boolean {
  const declared = new Map(properties(schema));
  return Object.entries(given).every(([name, value]) => {
    const property = declared.get(name);
    if (property === undefined) return schema?.additionalProperties !== false;
    const types = [property.type ?? []].flat();
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = property;
    if (typeof value === "number" && (value < minimum || value > maximum)) return false;
    if (property.enum !== undefined && !property.enum.some((one) => same(one, value))) return false;
    return types.length === 0 || types.some((type) => isOf(type, value));
  });
}

/** Whether a value is of a type of JSON Schema. */
function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** What of given parameters is not at its default. */
export function differing(schema: Schema, given: Values): Values {
  const declared = new Map(properties(schema));
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => {
      const property = declared.get(name);
      return property === undefined || !("default" in property) || !same(property.default, value);
    }),
  );
}

/** What of given parameters has no default. */
export function withoutDefault(schema: Schema, given: Values): Values {
  const declared = new Map(properties(schema));
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => {
      const property = declared.get(name);
      return property !== undefined && !("default" in property);
    }),
  );
}
