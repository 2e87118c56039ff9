// SPDX-License-Identifier: Apache-2.0
import { CoreError } from "../errors.ts";
import { type AttachedSeal, checkSealName } from "./attached-seal.ts";

/** The seals that are configured for a store, by priority, and which of them are not to be asked now. */
export class SealSet {
  #all: readonly AttachedSeal[] = [];
  readonly #doubts = new Map<string, unknown>();
  readonly #down = new Map<string, unknown>();

  /** Throws `INVALID_REQUEST` for a name that is none, or that is given twice. */
  constructor(seals: readonly AttachedSeal[] = []) {
    for (const each of seals) {
      if (this.named(each.name) !== undefined) {
        throw new CoreError("INVALID_REQUEST", `two seals are called ${each.name}: give one another name`);
      }
      this.attach(each);
    }
  }

  /** By priority. */
  get all(): readonly AttachedSeal[] {
    return this.#all;
  }

  /** Those that are given new keys, by priority. */
  get enabled(): readonly AttachedSeal[] {
    return this.#all.filter(({ state }) => state === "enabled");
  }

  /** The best of those that are given new keys. */
  get first(): AttachedSeal | undefined {
    return this.enabled[0];
  }

  named(name: string): AttachedSeal | undefined {
    return this.#all.find((each) => each.name === name);
  }

  /** Adds a seal, or takes it in place of the one of its name, which is answered: the caller closes that one. */
  attach(added: AttachedSeal): AttachedSeal | undefined {
    checkSealName(added.name);
    const replaced = this.detach(added.name);
    this.#all = [...this.#all, added].sort((a, b) => a.priority - b.priority);
    return replaced;
  }

  /** Takes the seal of that name out, and answers it, if there is one: the caller closes it. */
  detach(name: string): AttachedSeal | undefined {
    const found = this.named(name);
    this.#all = this.#all.filter((each) => each !== found);
    this.proved(name);
    return found;
  }

  /** The seal answered wrongly: it is not asked again before it has been proved. */
  doubt(name: string, reason: unknown): void {
    this.#doubts.set(name, reason);
  }

  /** The seal does not answer: nobody waits for it before it has been proved. */
  down(name: string, reason: unknown): void {
    this.#down.set(name, reason);
  }

  /** The seal answers again: it is asked, unless it is in doubt. */
  up(name: string): void {
    this.#down.delete(name);
  }

  /** The seal has proved itself, and holds what it should: it is asked again. */
  proved(name: string): void {
    this.#doubts.delete(name);
    this.up(name);
  }

  /** Why the seal is in doubt, if it is. */
  doubtOf(name: string): unknown {
    return this.#doubts.get(name);
  }

  /** Why the seal is not asked now, in doubt or down; undefined where it is. */
  idleReason(name: string): unknown {
    return this.#doubts.get(name) ?? this.#down.get(name);
  }

  /** Closes every seal. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ seal }) => seal.close()));
  }
}
