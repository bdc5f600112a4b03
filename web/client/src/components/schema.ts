import { same } from "./json";

/** What the API tells of one parameter: the part of JSON Schema that blueprints use. */
export interface Property {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  format?: string;
  minLength?: number;
}

export type Values = Record<string, unknown>;

/** Values after one of them is changed: without it where it is undefined, or at its default. */
export function changed(schema: Record<string, unknown> | null, values: Values, name: string, next: unknown): Values {
  const { [name]: _, ...others } = values;
  const property = properties(schema).find(([one]) => one === name)?.[1];
  const usual = property !== undefined && "default" in property && same(property.default, next);
  return next === undefined || usual ? others : { ...others, [name]: next };
}

/** The parameters of a schema, by their names, in the order in which forms show them. */
export function properties(schema: Record<string, unknown> | null): [string, Property][] {
  return Object.entries((schema?.properties ?? {}) as Record<string, Property>);
}
