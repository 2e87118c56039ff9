// SPDX-License-Identifier: Apache-2.0
/** The audit of a server: its file with the guard of the chain, or nothing where none is configured. */
import type { SealedStore } from "@sealwright/core";
import type { AuditConfig } from "../config/index.ts";
import type { Log } from "../runtime/log.ts";
import { AuditFile, type AuditFileOptions } from "./audit-file.ts";
import { ChainGuard } from "./chain-guard.ts";
import type { AuditContent } from "./line.ts";

/** What the server does to be audited. */
export interface Audit {
  /** What was found wrong with the file since this process began, in one sentence. */
  readonly finding: string | undefined;
  /** Writes one line; it is on disk when this resolves. Rejects with `AuditError`. */
  append(content: AuditContent): Promise<void>;
  /** Goes on in a new file where the old one was moved away. Rejects with `AuditError`, and the old one stays in use. */
  reopen(): Promise<void>;
  /** To be called after the store was closed. */
  close(): Promise<void>;
}

/** Nothing is configured, and nothing is kept. */
export const NO_AUDIT: Audit = {
  finding: undefined,
  append: async () => {},
  reopen: async () => {},
  close: async () => {},
};

/** What a test replaces. */
export type AuditSurroundings = Pick<AuditFileOptions, "openFile" | "now">;

/** Opens the audit of a server that serves `store`. Rejects with `AuditError` where the file cannot be written. */
export async function openAudit(
  config: AuditConfig | undefined,
  { store, log }: { readonly store: SealedStore; readonly log: Log },
  surroundings: AuditSurroundings = {},
): Promise<Audit> {
  if (config === undefined) return NO_AUDIT;
  const file = await AuditFile.open({ path: config.path, ...surroundings });
  const guard = new ChainGuard({ store, file, log });
  return {
    get finding() {
      return guard.finding;
    },
    append: (content) => file.append(content),
    reopen: async () => {
      await file.reopen();
      guard.anchor();
    },
    close: async () => {
      await guard.idle();
      await file.close();
    },
  };
}
