// SPDX-License-Identifier: Apache-2.0
import type { Changes } from "../changes.ts";
import { storageError } from "../errors.ts";
import type { FileSystem } from "../file-system.ts";
import { allEnded } from "./at-once.ts";
import { Gate } from "./gate.ts";
import { Journal } from "./journal.ts";
import { Placement, type Staged } from "./placement.ts";

/** What a failure left to be done: take back a journal that was not decided, or place one that was. */
type Unfinished = "nothing" | "discard" | "replay";

/**
 * Makes each batch one step: journal and new files first, durably, then everything into its place. A batch that fails
 * before its journal is decided leaves nothing. From then on it is kept, and placing it is tried again, if need be,
 * before anything else is read or written.
 */
export class Commits {
  readonly #journal: Journal;
  readonly #placement: Placement;
  readonly #gate = new Gate();
  // The process before this one may have been killed at any point.
  #unfinished: Unfinished = "replay";
  #finishing: Promise<void> | undefined;

  constructor(fs: FileSystem, root: string, privateFolder: string) {
    this.#journal = new Journal(fs, privateFolder);
    this.#placement = new Placement(fs, root, privateFolder);
  }

  /** Runs `read` while no entry is being placed. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      const leave = await this.#gate.enter();
      try {
        if (this.#unfinished !== "replay") return await read();
      } finally {
        leave();
      }
      await this.finish();
    }
  }

  /** Keeps all changes, or rejects and keeps none. One call at a time. */
  async commit(changes: Changes): Promise<void> {
    await this.finish();
    this.#unfinished = "discard";
    let staged: Staged;
    try {
      staged = await this.#decide(changes);
    } catch (error) {
      await this.finish().catch(() => undefined);
      throw storageError("the batch was not written", error);
    }
    try {
      await this.#place(staged, []);
    } catch {
      // The batch is on disk, in the journal. Whoever comes next meets this failure if it persists.
      this.#unfinished = "replay";
    }
  }

  /** Does what an earlier failure, or the process before this one, has left. */
  finish(): Promise<void> {
    if (this.#unfinished === "nothing") return Promise.resolve();
    this.#finishing ??= this.#finish().finally(() => {
      this.#finishing = undefined;
    });
    return this.#finishing;
  }

  /** Finishes what is left, makes the removal of the last journal durable and waits for readers. */
  async end(): Promise<void> {
    await this.finish();
    await this.#gate.alone(() => this.#journal.makeDurable());
  }

  async #decide(changes: Changes): Promise<Staged> {
    await this.#placement.check(changes);
    let staged: Staged = { moves: [], removals: [] };
    await allEnded([
      this.#journal.draft(changes),
      this.#placement.stage(changes).then((done) => {
        staged = done;
      }),
    ]);
    await this.#journal.decide();
    return staged;
  }

  async #place(staged: Staged, moreFolders: Iterable<string>): Promise<void> {
    const changed = await this.#gate.alone(async () => {
      // Said before the first reader can enter again, should this fail.
      this.#unfinished = "replay";
      const folders = await this.#placement.place(staged);
      this.#unfinished = "nothing";
      return folders;
    });
    await this.#placement.sync(changed.union(new Set(moreFolders)));
    await this.#journal.remove();
  }

  async #finish(): Promise<void> {
    try {
      if (this.#unfinished === "discard") await this.#journal.discard();
      else await this.#replay();
      await this.#journal.removeDraft();
      await this.#placement.unstage();
    } catch (error) {
      throw storageError("an interrupted batch could not be finished", error);
    }
    this.#unfinished = "nothing";
  }

  async #replay(): Promise<void> {
    const changes = await this.#journal.read();
    if (!changes) return;
    // Its writer may have been killed just before this.
    await this.#journal.makeDurable();
    const staged = await this.#placement.stage(changes);
    // Folders that exist already may have been made by the interrupted try, and their names be durable nowhere yet.
    await this.#place(staged, this.#placement.foldersAbove(staged));
  }
}
