/** Values that a result has because its format, NeuronBridge's, has no word for what is not known. A file of the search counts them. Pure. */

import { isObject } from "../../components/json";

/** Of how many matches the sex is not known, by what the search wrote of itself. */
export function unknownSexes(written: unknown): number {
  const filled = isObject(written) && isObject(written.filled_in) ? written.filled_in.gender : null;
  if (!isObject(filled)) return 0;
  return Object.values(filled).reduce<number>((sum, one) => sum + (typeof one === "number" ? one : 0), 0);
}
