// SPDX-License-Identifier: Apache-2.0
/**
 * The tree that a configuration or policy text becomes, whether it was HCL 1 or JSON. A block's labels are objects
 * around its body, so `seal "static" { x = 1 }`, `seal = { static = { x = 1 } }` and `{"seal": {"static": {"x": 1}}}`
 * are one and the same tree. Repeated keys stay, in the order of the text.
 */

/** A place in a text; both count from 1, columns in Unicode characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

interface Node<Kind extends string> {
  readonly kind: Kind;
  readonly at: Position;
}
type HclText = Node<"string"> & { readonly value: string };
type HclBoolean = Node<"boolean"> & { readonly value: boolean };
/** Whole numbers are exact, a bigint where a number would round. `text` is the number as written: `0755`, `0x10`. */
export type HclNumber = Node<"number"> & { readonly value: number | bigint; readonly text: string };
export type HclList = Node<"list"> & { readonly elements: readonly HclNode[] };
export type HclObject = Node<"object"> & { readonly entries: readonly HclEntry[] };
export type HclNode = HclText | HclNumber | HclBoolean | HclList | HclObject;

/** A key or a block's label, where it stands, and what belongs to it. */
export interface HclEntry {
  readonly key: string;
  readonly at: Position;
  readonly value: HclNode;
}

/** The only error of the reader: what stands there and what should, in one sentence after the place. */
export class HclError extends Error {
  override readonly name = "HclError";
  readonly at: Position;
  readonly found: string;
  readonly expected: string;
  constructor(source: string, at: Position, found: string, expected: string) {
    super(`${source}:${at.line}:${at.column}: found ${found}, expected ${expected}`);
    this.at = at;
    this.found = found;
    this.expected = expected;
  }
}
