// SPDX-License-Identifier: Apache-2.0
import { ConfigError, type SourcePosition } from "./errors.ts";
import { blocksOf, HclError, type HclObject } from "./hcl/index.ts";
import type { Given } from "./section.ts";

/** A block of a configuration file. `at` is its label, or its key where it has none. */
export interface Block {
  readonly labels: readonly string[];
  readonly body: HclObject;
  readonly at: SourcePosition;
}

/** A text's error as the configuration's. */
export function toConfigError(error: HclError, file: string): ConfigError {
  return new ConfigError(`found ${error.found}, expected ${error.expected}`, { file, ...error.at }, { cause: error });
}

/** The blocks of the given entries, which stand in the order of the files. */
export function readBlocks(given: readonly Given[], labelCount: number): Block[] {
  return given.flatMap(({ file, entry }) => {
    try {
      return blocksOf(file, entry, labelCount).map((block) => ({ ...block, at: { file, ...block.at } }));
    } catch (error) {
      throw error instanceof HclError ? toConfigError(error, file) : error;
    }
  });
}

/** The block that counts of those that may stand once per file: the last file's. Undefined if there is none. */
export function lastBlock(name: string, blocks: readonly Block[]): Block | undefined {
  for (const [index, block] of blocks.entries()) {
    const { file, line, column } = blocks[index - 1]?.at ?? {};
    if (file === block.at.file) {
      throw new ConfigError(`${name} is given twice (first at ${line}:${column}): keep one of them`, block.at);
    }
  }
  return blocks.at(-1);
}
