// SPDX-License-Identifier: Apache-2.0
/**
 * The paths of policies: exact ones, `+` for one whole segment, `*` at the end for any rest, the empty one included.
 * Where several patterns match, one alone counts, in Vault's order of precedence.
 */

/** A policy's path, taken apart. */
export interface Pattern {
  /** As written, without a leading slash: the identity under which rules are merged. */
  readonly text: string;
  /** Without the `*` at the end, split at slashes. */
  readonly segments: readonly string[];
  readonly isPrefix: boolean;
  /** How many segments are `+`. */
  readonly wildcards: number;
  /** Where in `text` the first `+` segment or the `*` stands; the length of `text` where there is none. */
  readonly firstWildcard: number;
}

const ANY_SEGMENT = "+";

/** Takes a policy's path apart. Returns a sentence instead where Vault or we refuse it. */
export function parsePattern(path: string): Pattern | string {
  const text = path.startsWith("/") ? path.slice(1) : path;
  if (text.includes("+*")) return "invalid use of wildcards ('+*' is forbidden)";
  if (text.slice(0, -1).includes("*")) {
    return "a * may only stand at the end of a path, for any rest of it; use + for one segment in the middle";
  }
  if (text.includes("{{")) return "templates are not supported: write the path out";
  const isPrefix = text.endsWith("*");
  const segments = (isPrefix ? text.slice(0, -1) : text).split("/");
  return {
    text,
    segments,
    isPrefix,
    wildcards: segments.filter((segment) => segment === ANY_SEGMENT).length,
    firstWildcard: firstWildcard(segments, isPrefix, text.length),
  };
}

function firstWildcard(segments: readonly string[], isPrefix: boolean, length: number): number {
  const index = segments.indexOf(ANY_SEGMENT);
  if (index === -1) return isPrefix ? length - 1 : length;
  return segments.slice(0, index).reduce((sum, segment) => sum + segment.length + 1, 0);
}

/** Whether `pattern` can match one path only. */
export function isExact(pattern: Pattern): boolean {
  return !pattern.isPrefix && pattern.wildcards === 0;
}

/** Whether `pattern` matches `path`, whose segments the caller has split once for all patterns. */
export function matches(pattern: Pattern, path: string, pathSegments: readonly string[]): boolean {
  if (pattern.wildcards === 0) {
    return pattern.isPrefix ? path.startsWith(pattern.text.slice(0, -1)) : path === pattern.text;
  }
  const { segments, isPrefix } = pattern;
  if (isPrefix ? pathSegments.length < segments.length : pathSegments.length !== segments.length) return false;
  const last = segments.length - 1;
  return segments.every((segment, index) => {
    const actual = pathSegments[index] ?? "";
    if (segment === ANY_SEGMENT || segment === actual) return true;
    return isPrefix && index === last && actual.startsWith(segment);
  });
}

/**
 * Sorts the pattern that counts more first: whose first wildcard stands later, then without `*` at the end, then with
 * fewer `+`, then the longer, then the greater text. From Vault's documentation of policies, "priority matching".
 */
export function byPrecedence(a: Pattern, b: Pattern): number {
  return (
    b.firstWildcard - a.firstWildcard ||
    Number(a.isPrefix) - Number(b.isPrefix) ||
    a.wildcards - b.wildcards ||
    b.text.length - a.text.length ||
    (a.text < b.text ? 1 : -1)
  );
}
