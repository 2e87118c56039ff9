// SPDX-License-Identifier: Apache-2.0
import { type HclEntry, HclError, type HclNode, type HclObject, KIND_NAMES, type Position } from "./tree.ts";

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
      const label = labels.length < labelCount ? ' "…"' : "";
      throw new HclError(source, node.at, KIND_NAMES[node.kind], `a block such as ${entry.key}${label} { … }`);
    }
    if (labels.length === labelCount) return [{ labels, body: node, at }];
    return node.entries.flatMap((inner) => walk(inner.value, inner.at, [...labels, inner.key]));
  };
  return walk(entry.value, entry.at, []);
}
