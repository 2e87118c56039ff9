// SPDX-License-Identifier: Apache-2.0
import { isSealError, type SealEnvironment, SealError } from "@sealwright/seal";
import { maxParallel, type Pkcs11Config } from "./config.ts";
import { attempt, attemptUnlessDone, CryptokiError, nextRecovery } from "./errors.ts";
import type { Library } from "./library.ts";
import type { RecoveryStep } from "./return-values.ts";
import { Session } from "./session.ts";
import { SessionPool } from "./session-pool.ts";
import { checkPinState, findToken, type NamedToken, readToken } from "./token.ts";
import { type VendorProfile, vendorOf } from "./vendors.ts";

/**
 * Whether a session can be used again after `error`. What was refused before it began leaves nothing behind; any other
 * failure may leave an operation that is neither done nor ended.
 */
function leavesSessionClean(error: unknown): boolean {
  return error instanceof CryptokiError && (error.recovery === "find-key" || error.recovery === "log-in");
}

/** What may be kept between calls and must be found anew after a recovery. */
export interface Remembered {
  forget(): void;
  /** Whether the configured key is found on `session`: a token that was pulled out may look alive and empty. */
  configuredKeyIsThere(session: Session): boolean;
}

/**
 * A seal's way to its token: starts the library, logs in once, keeps a pool of sessions, and climbs from the mildest
 * recovery to the most drastic when a call fails. A refused PIN is remembered and never tried again.
 */
export class Connection {
  readonly #library: Library;
  readonly #config: Pkcs11Config;
  readonly #env: SealEnvironment;
  readonly #remembered: Remembered;
  readonly #pool: SessionPool;
  #token: NamedToken | undefined;
  #vendor: VendorProfile | undefined;
  #refusal: SealError | undefined;
  /** Goes up with each restart of the library, so that those who saw the same fault restart it once. */
  #generation = 0;
  #warned = false;

  constructor(library: Library, config: Pkcs11Config, env: SealEnvironment, remembered: Remembered) {
    this.#library = library;
    this.#config = config;
    this.#env = env;
    this.#remembered = remembered;
    this.#pool = new SessionPool(
      maxParallel(config),
      () => this.#openSession(),
      (most) => env.log("warn", `seal "pkcs11": the token has no more sessions: ${most} operations run at a time`),
    );
  }

  /** How the make of the library behaves. Known once a session was opened. */
  get vendor(): VendorProfile {
    this.#vendor ??= vendorOf(attempt("reading the library's info", () => this.#library.calls.C_GetInfo()));
    return this.#vendor;
  }

  /** Does `work` with a session that nobody else uses meanwhile; perhaps several times, so it must be repeatable. */
  async use<T>(signal: AbortSignal | undefined, work: (session: Session) => Promise<T>): Promise<T> {
    let tried: RecoveryStep | undefined;
    for (;;) {
      const generation = this.#generation;
      const outcome = await this.#try(signal, work, tried);
      if ("value" in outcome) return outcome.value;
      if (outcome.next === undefined) throw outcome.error;
      await this.#recover(outcome.next, generation, outcome.error);
      tried = outcome.next;
    }
  }

  /** A session that may write, for making a key; not one of the pool. `work` runs while it is open. */
  withWriter<T>(work: (session: Session) => T): T {
    const session = Session.open(this.#library, this.#currentToken(), "read-write");
    try {
      this.#logIn(session);
      return work(session);
    } finally {
      session.close();
    }
  }

  /** After the work under way, ends the sessions and lets go of the library. */
  async close(): Promise<void> {
    await this.#pool.exclusively(() => this.#library.stop());
  }

  async #try<T>(
    signal: AbortSignal | undefined,
    work: (session: Session) => Promise<T>,
    tried: RecoveryStep | undefined,
  ): Promise<{ readonly value: T } | { readonly error: unknown; readonly next: RecoveryStep | undefined }> {
    let session: Session | undefined;
    try {
      session = await this.#pool.take();
      if (signal?.aborted) throw new SealError("SEAL_TIMEOUT", 'seal "pkcs11": the call was abandoned before its turn');
      if (tried === "log-in") this.#logIn(session);
      return { value: await work(session) };
    } catch (error) {
      const lost = session !== undefined && isSealError(error, "SEAL_KEY_MISSING") && this.#lost(session);
      const next = lost && tried !== "restart-library" ? "restart-library" : nextRecovery(error, tried);
      if (next !== undefined && !leavesSessionClean(error)) session?.close();
      return { error, next };
    } finally {
      if (session !== undefined) this.#pool.give(session);
    }
  }

  #lost(session: Session): boolean {
    try {
      return !this.#remembered.configuredKeyIsThere(session);
    } catch {
      return true;
    }
  }

  async #recover(by: RecoveryStep, generation: number, error: unknown): Promise<void> {
    if (by !== "retry") this.#remembered.forget();
    if (by === "replace-process") {
      const reason = error instanceof Error ? error.message : "the library is broken";
      this.#env.replaceProcess?.(reason);
      throw error;
    }
    // Sessions are mostly lost together.
    if (by === "reopen-session") this.#pool.closeIdle();
    if (by !== "restart-library" || generation !== this.#generation) return;
    await this.#pool.exclusively(() => {
      if (generation !== this.#generation) return;
      this.#generation++;
      this.#token = undefined;
      this.#library.stop();
    });
  }

  #currentToken(): NamedToken {
    this.#token ??= findToken(this.#library, this.#config);
    return this.#token;
  }

  #openSession(): Session {
    if (this.#refusal !== undefined) throw this.#refusal;
    try {
      this.#library.start();
      const token = this.#currentToken();
      this.#warnOfSlot(token);
      const writes = this.#config.force_rw_session || this.vendor.readWriteSessions;
      const session = Session.open(this.#library, token, writes ? "read-write" : "read");
      try {
        this.#logIn(session);
        return session;
      } catch (error) {
        session.close();
        throw error;
      }
    } catch (error) {
      // Tokens that were plugged in since are seen only by a library that starts anew.
      if (this.#pool.empty) {
        this.#token = undefined;
        this.#library.stop();
      }
      throw error;
    }
  }

  #logIn(session: Session): void {
    if (session.loggedIn) return;
    if (this.#refusal !== undefined) throw this.#refusal;
    const { calls, ck } = this.#library;
    // Read again each time: another program may have mistyped the PIN since.
    const { flags } = readToken(this.#library, this.#currentToken().slot);
    if (!this.#config.force_last_try) checkPinState(flags, session.where, ck);
    try {
      attemptUnlessDone(`logging in to ${session.where}`, () =>
        calls.C_Login(session.handle, ck.CKU_USER, this.#config.pin),
      );
    } catch (error) {
      if (isSealError(error) && error.final) this.#refusal = error;
      throw error;
    }
  }

  #warnOfSlot({ label, serial }: NamedToken): void {
    if (this.#config.slot === undefined || this.#warned) return;
    this.#warned = true;
    const better = `token_label = "${label}" or token_serial = "${serial}" is safer`;
    this.#env.log("warn", `seal "pkcs11": the token is named by its slot, and slots change numbers: ${better}`);
  }
}
