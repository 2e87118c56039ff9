// SPDX-License-Identifier: Apache-2.0
/** Checks the chain at every unseal, and stores its head then, every thousand lines, and when the store is sealed. */
import { type Barrier, CoreError, type SealedStore } from "@sealwright/core";
import type { Log } from "../runtime/log.ts";
import type { AuditFile } from "./audit-file.ts";
import { checkChain, headChange } from "./head.ts";
import type { ChainPosition } from "./line.ts";

const LINES_BETWEEN_HEADS = 1_000;

/** What guarding the chain needs. */
export interface ChainGuardDeps {
  readonly store: SealedStore;
  readonly file: AuditFile;
  readonly log: Log;
}

/** An unsealed store of ours whose chain was checked. */
interface Guarded {
  readonly barrier: Barrier;
  readonly from: ChainPosition;
}

/** Keeps the head of the audit file's chain in the storage and compares the two at each unseal. */
export class ChainGuard {
  readonly #deps: ChainGuardDeps;
  #guarded: Guarded | undefined;
  #storedLine = 0;
  #finding: string | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: ChainGuardDeps) {
    this.#deps = deps;
    deps.store.onUnsealed(() => this.#queue(() => this.#check()));
    deps.store.onSealed(() => {
      this.#saveHead();
      this.#guarded = undefined;
    });
    deps.file.onAppended(({ line }) => {
      if (line - this.#storedLine >= LINES_BETWEEN_HEADS) this.#saveHead();
    });
  }

  /** What was found wrong with the audit file since this process began, in one sentence. */
  get finding(): string | undefined {
    return this.#finding;
  }

  /** Stores the head now, where the store is open: after the file was rotated. */
  anchor(): void {
    this.#saveHead();
  }

  /** Resolves when nothing is being checked or stored. */
  idle(): Promise<void> {
    return this.#work;
  }

  async #check(): Promise<void> {
    const { store, file, log } = this.#deps;
    if (store.sealed) return;
    const { barrier } = store;
    const { foreign, type } = await store.status();
    if (foreign) {
      await file.append({ type: "note", note: { name: "unsealed", by: type, anchored: false } });
      log.warn("the audit file's chain is not checked: its head cannot be kept in a storage that was not adopted");
      return;
    }
    const { finding, from } = await checkChain(file, barrier);
    if (finding !== undefined) {
      this.#finding = `the audit file is not what was written: ${finding}`;
      log.error(`POSSIBLE TAMPERING: ${this.#finding}`);
    }
    // The head goes first: a note that says there is one must never be found without it.
    await barrier.write([headChange({ head: file.head, from })]);
    await file.append({
      type: "note",
      note: { name: "unsealed", by: type, anchored: true, ...(finding && { finding }) },
    });
    // Sealed meanwhile, the store has other keepers now.
    if (store.sealed || store.barrier !== barrier) return;
    this.#guarded = { barrier, from };
    this.#saveHead();
  }

  /** Begins to store the head at once, so that it is encrypted while the barrier is still open. */
  #saveHead(): void {
    if (this.#guarded === undefined) return;
    const { barrier, from } = this.#guarded;
    const { head } = this.#deps.file;
    this.#storedLine = head.line;
    const saving = barrier.write([headChange({ head, from })]);
    this.#queue(() => saving);
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      // Sealed before it was checked: the next unseal checks it.
      if (error instanceof CoreError && error.code === "SEALED") return;
      this.#deps.log.error("the audit file's chain was not checked, or its head not stored", { error: String(error) });
    });
  }
}
