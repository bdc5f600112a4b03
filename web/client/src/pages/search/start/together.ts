import type { Estimate } from "../../../api/client";

/** The estimate of several jobs at once: sums; unknown where one is unknown. */
export function together(estimates: Estimate[]): Estimate | null {
  const [first] = estimates;
  if (first === undefined) return null;
  const sum = (of: (one: Estimate) => number | null) => {
    const each = estimates.map(of);
    return each.some((one) => one === null) ? null : each.reduce<number>((total, one) => total + (one ?? 0), 0);
  };
  return {
    items: sum((one) => one.items),
    batches: sum((one) => one.batches),
    seconds: sum((one) => one.seconds),
    usd: sum((one) => one.usd),
    most_usd: sum((one) => one.most_usd),
    on_aws_usd: sum((one) => one.on_aws_usd),
    basis: first.basis,
    lines: estimates.flatMap((one) => one.lines ?? []),
  };
}
