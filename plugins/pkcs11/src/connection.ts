// SPDX-License-Identifier: Apache-2.0
import { isSealError, SealError } from "@sealwright/seal";
import type { Pkcs11Config } from "./config.ts";
import { CryptokiError } from "./errors.ts";
import type { Library } from "./library.ts";
import { Session } from "./session.ts";

/** Whether what failed on a session from earlier may work on a fresh one. A token that was pulled out has no keys. */
function outlivedSession(error: unknown): boolean {
  return (error instanceof CryptokiError && error.reconnect) || isSealError(error, "SEAL_KEY_MISSING");
}

/**
 * A seal's way to its token: logs in when first needed, keeps the session, gives it to one user at a time, and replaces
 * it once when it has gone stale. A refused PIN is remembered and never tried again.
 */
export class Connection {
  readonly #library: Library;
  readonly #config: Pkcs11Config;
  #session: Session | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #refusal: SealError | undefined;

  constructor(library: Library, config: Pkcs11Config) {
    this.#library = library;
    this.#config = config;
  }

  /** Does `work` with a session that nobody else uses meanwhile; perhaps twice, so it must be repeatable. */
  use<T>(signal: AbortSignal | undefined, work: (session: Session) => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      if (signal?.aborted) throw new SealError("SEAL_TIMEOUT", 'seal "pkcs11": the call was abandoned before its turn');
      return this.#work(work);
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** After the work under way, ends the session and lets go of the library. */
  async close(): Promise<void> {
    await this.#turn;
    this.#disconnect();
  }

  async #work<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const earlier = this.#session;
    if (earlier === undefined) return work(this.#connect());
    try {
      return await work(earlier);
    } catch (error) {
      if (!outlivedSession(error)) throw error;
      this.#disconnect();
      return work(this.#connect());
    }
  }

  #connect(): Session {
    if (this.#refusal !== undefined) throw this.#refusal;
    try {
      this.#session = Session.open(this.#library, this.#config);
      return this.#session;
    } catch (error) {
      if (isSealError(error) && error.final) this.#refusal = error;
      // Tokens that were plugged in since are seen only by a library that starts anew.
      this.#library.stop();
      throw error;
    }
  }

  #disconnect(): void {
    this.#session?.close();
    this.#session = undefined;
    this.#library.stop();
  }
}
