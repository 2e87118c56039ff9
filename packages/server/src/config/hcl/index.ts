// SPDX-License-Identifier: Apache-2.0
/** Reads Vault's HCL 1 and its JSON twin into one tree with positions: configuration and policies are written in it. */
export { blocksOf, type HclBlock, KIND_NAMES } from "./blocks.ts";
export { parseHcl } from "./parser.ts";
export * from "./tree.ts";
