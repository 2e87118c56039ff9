// SPDX-License-Identifier: Apache-2.0
/**
 * The names in ascending order of their UTF-8 bytes. JavaScript's own order is that of UTF-16 code units, which puts
 * the characters beyond U+FFFF before U+E000.
 */
export function sortByUtf8(names: Iterable<string>): string[] {
  return [...names]
    .map((name) => ({ name, bytes: Buffer.from(name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ name }) => name);
}
