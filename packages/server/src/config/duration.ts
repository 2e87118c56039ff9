// SPDX-License-Identifier: Apache-2.0
const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const SECONDS = /^\d+$/;
const DAYS = /^(\d+)d$/;
const PARTS = /^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
/** What fits into Go's duration, 2^63 nanoseconds: 292 years. */
const LONGEST = 2 ** 63 / 1e6;
const MAX_LENGTH = 100;

/** What `parseDuration` takes, for messages. */
export const DURATION = "a duration such as 90s, 1500ms, 1m30s or 768h, or a number of seconds";

/**
 * The milliseconds of a duration as Vault writes them: Go's (`1h30m`, `1.5s`, `250ms`), whole days (`30d`), or plain
 * seconds as text or number. Undefined where it is none of these, negative, or longer than 292 years.
 */
export function parseDuration(given: string | number | bigint): number | undefined {
  const text = String(given).trim();
  const milliseconds = text.length > MAX_LENGTH ? Number.NaN : measure(text);
  return milliseconds <= LONGEST ? milliseconds : undefined;
}

/** What is expected in place of `given`, which `parseDuration` refuses. */
export function expectedDuration(given: string | number | bigint): string {
  const text = String(given).trim();
  if (text.startsWith("-") && parseDuration(text.slice(1)) !== undefined) return "a duration that is not negative";
  return text.length <= MAX_LENGTH && measure(text) > LONGEST ? "a duration of at most 292 years" : DURATION;
}

function measure(text: string): number {
  if (SECONDS.test(text)) return Number(text) * 1000;
  const days = DAYS.exec(text)?.[1];
  if (days !== undefined) return Number(days) * 24 * 3_600_000;
  if (!PARTS.test(text)) return Number.NaN;
  // Summed in nanoseconds, so that parts like 0.1s and 200ms don't gather rounding errors.
  const parts = [...text.matchAll(PART)].map(([, count, unit]) =>
    Math.round(Number(count) * (MILLISECONDS[unit ?? ""] ?? Number.NaN) * 1e6),
  );
  return parts.reduce((sum, part) => sum + part, 0) / 1e6;
}

const UNITS = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Whole milliseconds as `parseDuration` takes them: `768h`, `1m30s`, `1s500ms`; nought is `0s`. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds;
  const parts = UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return parts.join("") || "0s";
}
