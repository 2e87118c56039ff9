// SPDX-License-Identifier: Apache-2.0
import { ExactNumber } from "./json-text.ts";

/** Seconds as Go writes a duration, without trailing zero units: 0 is `0s`, 90 is `1m30s`, 2764800 is `768h`. */
export function humanDuration(seconds: number): string {
  if (seconds < 0) return `-${humanDuration(-seconds)}`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  const text = `${hours > 0 ? `${hours}h` : ""}${minutes > 0 || (hours > 0 && rest > 0) ? `${minutes}m` : ""}`;
  return rest > 0 || text === "" ? `${text}${rest}s` : text;
}

const DURATION_NAME = /(^|_)(ttl|period|duration)$|^(lease_max|ttl_max)$/;

/** A field's value; a number in a field named like a duration is shown as one. */
export function asDurationIfNamedSo(name: string, value: unknown): unknown {
  if (!DURATION_NAME.test(name)) return value;
  if (typeof value === "number") return humanDuration(value);
  return value instanceof ExactNumber ? `${value.text}s` : value;
}
