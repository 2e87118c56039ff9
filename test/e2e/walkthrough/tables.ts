// SPDX-License-Identifier: Apache-2.0
/** What commands print, read as a person reads it. */

/** The rows `Name    value` of a table, as far as they are there; headings and rules are left out. */
export function rows(text: string): Record<string, string> {
  const pairs = text.split(/\r?\n/).flatMap((line) => {
    const match = /^(\S+(?: \S+)*) {2,}(\S.*)$/.exec(line);
    return match?.[1] === undefined || match[2] === undefined ? [] : [[match[1], match[2].trim()] as const];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== "Key" && !name.startsWith("---")));
}

/** The values of the lines `Key 1: …`, or `Key 1 fingerprint: …; value: …`, in order. */
export function newKeys(text: string): string[] {
  return [...text.matchAll(/^Key \d+(?: fingerprint: [0-9a-f]+; value)?: (\S+)$/gm)].map((match) => match[1] ?? "");
}

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
