/** Numbers, times and sizes as people read them. */

const COUNT = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function count(value: number): string {
  return COUNT.format(value);
}

/** "1 image", "12,000 images". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Seconds: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Bytes, in powers of 1024. */
export function bytes(size: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(size, 1)) / 10));
  const value = size / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** US dollars; small amounts keep two digits that tell something. */
export function usd(amount: number): string {
  if (amount === 0) return "$0";
  if (amount < 0.000_001) return "< $0.000001";
  if (amount < 0.01) return `$${amount.toFixed(Math.min(8, 1 - Math.floor(Math.log10(amount))))}`;
  return `$${amount.toFixed(2)}`;
}

/** 0 to 1 as a percentage that is never 0 or 100 before it is. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share < 1 && share > 0.99) return "99 %";
  return `${Math.round(share * 100)} %`;
}

/** Seconds since the epoch as a date and a time of day. */
export function moment(at: number): string {
  return CLOCK.format(at * 1000);
}

/** How long ago: "just now", "5 min ago"; after a day the date. */
export function ago(at: number, now = Date.now() / 1000): string {
  const seconds = now - at;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return moment(at);
}
