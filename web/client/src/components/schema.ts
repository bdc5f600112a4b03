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

/** The parameters of a schema, by their names, in the order in which forms show them. */
export function properties(schema: Record<string, unknown> | null): [string, Property][] {
  return Object.entries((schema?.properties ?? {}) as Record<string, Property>);
}
