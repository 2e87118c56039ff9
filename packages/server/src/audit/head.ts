// SPDX-License-Identifier: Apache-2.0
/** The head of the chain under the barrier, where somebody who can write to files cannot put another one. */
import { type Barrier, CoreError, type PlainChange, paths } from "@sealwright/core";
import * as z from "zod";
import type { AuditFile } from "./audit-file.ts";
import { START } from "./line.ts";
import type { StoredHead } from "./verify.ts";

/** One of the store's own entries. */
const AUDIT_HEAD = `${paths.OURS}core/audit-head`;

const position = z.object({ line: z.int().nonnegative(), hash: z.string() });
const headSchema = z.object({ head: position, from: position });

/** What was stored last, if anything was. Rejects with `SEALED` or `ENTRY_CORRUPT`. */
async function readHead(barrier: Barrier): Promise<StoredHead | undefined> {
  const bytes = await barrier.get(AUDIT_HEAD);
  return bytes === undefined ? undefined : headSchema.parse(JSON.parse(bytes.toString("utf8")));
}

/** The change that stores a head. */
export function headChange(stored: StoredHead): PlainChange {
  return { op: "put", path: AUDIT_HEAD, value: Buffer.from(JSON.stringify(stored)) };
}

/** What became of a check of the chain. */
export interface CheckedChain {
  /** What is wrong, in one sentence; undefined where the chain is whole. */
  readonly finding: string | undefined;
  /** Where the chain counts from now on: what was found wrong is reported once, and what comes after it is checked. */
  readonly from: StoredHead["from"];
}

/** Checks `file` against the head under `barrier`. Stores nothing. Rejects with `SEALED` or `AuditError`. */
export async function checkChain(file: AuditFile, barrier: Barrier): Promise<CheckedChain> {
  let stored: StoredHead | undefined;
  try {
    stored = await readHead(barrier);
  } catch (error) {
    if (error instanceof CoreError && error.code === "SEALED") throw error;
    return { finding: "the stored head of its chain cannot be read, so that nothing can be compared", from: file.head };
  }
  const finding = await file.verify(stored);
  return { finding, from: finding === undefined ? (stored?.from ?? START) : file.head };
}
