/** The parts of a certificate that are shown; docs/certificates.md has all of them. */
export interface Certificate {
  certificate: number;
  job: { job_id: string; state: string; reason: string; runs: number };
  analysis: { name: string; version: string; digest: string; later_digests?: string[]; blueprint_digest: string };
  parameters: Record<string, unknown>;
  config_digest: string;
  items: { count: number | null; digest: string | null };
  inputs: {
    parameter: string;
    location: string;
    kind: string;
    size: number | null;
    sha256: string | null;
    reason: string | null;
  }[];
  datasets: {
    number: number;
    dataset?: string;
    state?: string;
    inputs?: { location: string; size?: number | null; sha256?: string | null }[];
    files?: { name: string; size?: number | null; sha256?: string | null }[];
  }[];
  counts: { batches: number; done: number; failed: number; retries: number; items_done: number; item_errors: number };
  environment: {
    home: string;
    skyburst: string;
    python: string;
    implementation: string;
    system: string;
    packages: Record<string, string | null>;
    digest: string;
  };
  machines: { image: string | null; pricing: string | null; instances: unknown[] };
  times: {
    created: string | null;
    started: string | null;
    finished: string | null;
    worker_seconds: number;
    phases: { phase: string; seconds: number }[];
  };
  cost: Cost;
  result: {
    sha256: string | null;
    size: number | null;
    files: { name: string; size?: number | null; sha256?: string | null }[] | null;
  };
}

/** What a job cost, as the API and certificates have it. */
export interface Cost {
  currency: string;
  amount: number | null;
  parts?: Record<string, number>;
  on_aws?: { amount: number; parts: Record<string, number> };
  prices?: { date: string; region: string; source: string };
  not_counted?: string[];
  notes?: string[];
  final?: boolean;
}

/** A certificate, or null when it is of a format that is not known here. */
export function certificateOf(document: Record<string, unknown>): Certificate | null {
  return document.certificate === 2 ? (document as unknown as Certificate) : null;
}

/** The parts of a cost, the largest first: of a job on one's own machine those that it would have had on AWS. */
export function partsOf(cost: Cost): [string, number][] {
  return Object.entries(cost.on_aws?.parts ?? cost.parts ?? {}).sort(([, one], [, other]) => other - one);
}

/** A machine that ran something, in words. */
export function machineOf(instance: unknown): string {
  if (typeof instance !== "object" || instance === null) return String(instance);
  const { type, id, zone, spot } = instance as Record<string, unknown>;
  return [type, id, zone, spot === true ? "spare" : null].filter((one) => typeof one === "string").join(", ");
}
