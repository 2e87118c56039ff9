// SPDX-License-Identifier: Apache-2.0
/** Lines in the audit file of a configuration for what is done to its storage without a server. */
import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import type { Barrier } from "@sealwright/core";
import { AuditError, AuditFile } from "../audit/audit-file.ts";
import { type CheckedChain, checkChain, headChange } from "../audit/head.ts";
import type { ServerConfig } from "../config/index.ts";
import type { Log } from "../runtime/log.ts";
import { startupSentence } from "../runtime/startup-error.ts";

/** What is done offline, in Vault's words for operations. */
export interface OfflineCommand {
  readonly operation: "list" | "read" | "update";
  /** `storage/list`, `storage/get`, `storage/rotate`, `storage/unwrap`, `storage/adopt`, `operator/recover`. */
  readonly path: string;
}

/** The operating system's user: offline there are no tokens. */
function whoRuns(): { readonly display_name: string } {
  try {
    const { username, uid } = userInfo();
    return { display_name: `${username} (uid ${uid})` };
  } catch {
    // A user id without an entry among the system's users.
    return { display_name: `uid ${process.getuid?.() ?? "unknown"}` };
  }
}

/** The audit lines of one command. */
export class OfflineAudit {
  readonly #file: AuditFile | undefined;
  readonly #log: Log;
  readonly #command: OfflineCommand;
  readonly #about: { readonly auth: object; readonly request: object };
  #checked: CheckedChain | undefined;

  private constructor(file: AuditFile | undefined, log: Log, command: OfflineCommand) {
    this.#file = file;
    this.#log = log;
    this.#command = command;
    this.#about = { auth: whoRuns(), request: { id: randomUUID(), ...command, remote_address: "" } };
  }

  /**
   * Opens the configured file, if there is one, and writes the line before. To be called with the storage held: the
   * server that holds it otherwise writes to the same file. Rejects with `AuditError`, and the command is not to be run.
   */
  static async begin(config: ServerConfig["audit"], log: Log, command: OfflineCommand): Promise<OfflineAudit> {
    const file = config && (await AuditFile.open({ path: config.path }));
    const audit = new OfflineAudit(file, log, command);
    try {
      await file?.append({ type: "request", ...audit.#about });
      return audit;
    } catch (error) {
      await file?.close();
      throw error;
    }
  }

  /** Checks the file's chain against its head in the storage, which is unlocked now. */
  async unlocked(barrier: Barrier): Promise<void> {
    if (this.#file === undefined) return;
    this.#checked = await checkChain(this.#file, barrier);
    const { finding } = this.#checked;
    if (finding !== undefined)
      this.#log.error(`POSSIBLE TAMPERING: the audit file is not what was written: ${finding}`);
    const note = { name: "unsealed", by: this.#command.path, anchored: false, ...(finding && { finding }) } as const;
    await this.#file.append({ type: "note", note });
  }

  /** The change that stores the head of the chain as it is now, for commands that write to the storage anyhow. */
  headChanges(): ReturnType<typeof headChange>[] {
    if (this.#file === undefined || this.#checked === undefined) return [];
    return [headChange({ head: this.#file.head, from: this.#checked.from })];
  }

  /** Writes the line after, with what became of the command, and closes the file. Never rejects: what is done is done. */
  async end(outcome: { readonly data: object } | { readonly error: unknown }): Promise<void> {
    const { operation, path } = this.#command;
    const error = "error" in outcome ? (startupSentence(outcome.error) ?? "failed") : undefined;
    this.#log.info(`${path}: ${operation}`, { ...whoRuns(), error });
    try {
      const response = "data" in outcome ? { data: outcome.data } : {};
      await this.#file?.append({ type: "response", ...this.#about, response, ...(error && { error }) });
    } catch (failure) {
      if (!(failure instanceof AuditError)) throw failure;
      this.#log.error(failure.message);
    } finally {
      await this.#file?.close();
    }
  }
}
