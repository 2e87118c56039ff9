// SPDX-License-Identifier: Apache-2.0
import { type HclEntry, HclError, type HclNode, type HclObject, type Position } from "./tree.ts";

/** What messages call a node. */
export const KIND_NAMES: Readonly<Record<HclNode["kind"], string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  list: "a list",
  object: "a block",
};

/** A block without its labels, and where its key or its last label stands. */
export interface HclBlock {
  readonly labels: readonly string[];
  readonly body: HclObject;
  readonly at: Position;
}

/**
 * The blocks that `entry` stands for, given how many labels such a block has: one for `seal "static" { … }`, several
 * where an object or a list holds several. Throws `HclError` where there is something else than a block.
 */
export function blocksOf(source: string, entry: HclEntry, labelCount: number): HclBlock[] {
  const walk = (node: HclNode, at: Position, labels: readonly string[]): HclBlock[] => {
    if (node.kind === "list") return node.elements.flatMap((element) => walk(element, at, labels));
    if (node.kind !== "object") {
      const example = `${entry.key}${' "…"'.repeat(labelCount)} { … }`;
      throw new HclError(source, node.at, KIND_NAMES[node.kind], `a block such as ${example}`);
    }
    if (labels.length === labelCount) return [{ labels, body: node, at }];
    return node.entries.flatMap((inner) => walk(inner.value, inner.at, [...labels, inner.key]));
  };
  return walk(entry.value, entry.at, []);
}
