// SPDX-License-Identifier: Apache-2.0
/** The rekey of one target as endpoints use it, whichever family they belong to. */
import { type ANY_ATTEMPT, CoreError, type RekeyStatus, type SealedStore, type Submission } from "@sealwright/core";
import { HttpError } from "../http/problem.ts";
import type { Log } from "../runtime/log.ts";
import { type Backup, deleteBackup, readBackup } from "./backup.ts";
import type { Ceremonies } from "./ceremonies.ts";
import type { RekeyDetails } from "./details.ts";
import { backupPath, type RekeyAnswer, type RekeyOrder, rekeyRequest, type Target } from "./rekey-request.ts";
import { withShare } from "./submission.ts";

/** What a rekey is at, for whoever asks. */
export interface RekeyState {
  /** Shares that an attempt needs, whether one runs or not. */
  readonly required: number;
  readonly current: RekeyStatus<RekeyDetails> | undefined;
}

/** What the last submission of a rekey is answered with. */
export interface CompletedRekey {
  readonly nonce: string;
  readonly answer: RekeyAnswer;
  /** Where the new shares are still to be proved. */
  readonly verificationNonce: string | undefined;
}

/** What a rekey as the API knows it works on. */
export interface RekeyServiceOptions {
  readonly store: SealedStore;
  readonly ceremonies: Ceremonies;
  readonly log: Log;
}

/** A rekey of something else than a target's own key. */
export interface OtherRekey {
  readonly rekey: Ceremonies["rekeys"][Target];
  /** What the log calls it. */
  readonly name: string;
}

const OTHER: Readonly<Record<Target, Target>> = { barrier: "recovery", recovery: "barrier" };

/** A rekey of one target as the API knows it: shares as text, PGP keys, backups. */
export class RekeyService {
  readonly target: Target;
  readonly #options: RekeyServiceOptions;
  readonly #rekey: Ceremonies["rekeys"][Target];
  readonly #name: string;
  readonly #keepsBackup: boolean;

  /** `rekey` is the target's own unless another one is given, which goes by `name` and keeps no backup. */
  constructor(target: Target, options: RekeyServiceOptions, other?: OtherRekey) {
    this.target = target;
    this.#options = options;
    this.#rekey = other?.rekey ?? options.ceremonies.rekeys[target];
    this.#name = other?.name ?? target;
    this.#keepsBackup = other === undefined;
  }

  /** Whether this target's key has shares. A new root key of an auto seal has none. */
  get hasShares(): boolean {
    return this.target === "recovery" || !this.#options.store.autoSealed;
  }

  /** Throws `SEALED`, and 400 for the recovery key of a store that has none. */
  #check(): void {
    const { store } = this.#options;
    if (store.sealed) throw new CoreError("SEALED", "the store is sealed");
    if (this.target === "barrier" || store.autoSealed) return;
    throw new HttpError(
      400,
      "recovery rekeying not supported: this server has unseal keys, which -target=barrier is for",
    );
  }

  async state(): Promise<RekeyState> {
    this.#check();
    const { current } = this.#rekey;
    const required = current?.required ?? (await this.#options.store.status()).numbers.threshold;
    return { required, current };
  }

  async start(order: RekeyOrder): Promise<RekeyStatus<RekeyDetails>> {
    this.#check();
    const { store, log } = this.#options;
    if (order.backup && !this.#keepsBackup) throw new HttpError(400, "no backup is kept of these shares");
    const request = await rekeyRequest(this.target, store.autoSealed, order);
    const status = await this.#rekey.start(request);
    const { shares, threshold } = status.numbers;
    log.info(`${this.#name} rekey started`, { nonce: status.nonce, shares, threshold, started_by: order.startedBy });
    return status;
  }

  /** The first recovery key of a server that has none: there is no quorum to ask, only the caller's token. */
  async establish(order: RekeyOrder, signal: AbortSignal): Promise<RekeyAnswer> {
    this.#check();
    const { store, log } = this.#options;
    const answer = await this.#rekey.establish(await rekeyRequest(this.target, store.autoSealed, order), signal);
    log.info(`${this.target} key made: there was none`, { started_by: order.startedBy });
    return answer;
  }

  /** Counts the share in `text`. */
  async submit(nonce: string, text: string, signal: AbortSignal): Promise<RekeyStatus<RekeyDetails> | CompletedRekey> {
    this.#check();
    const submission = await this.#advised(nonce, () =>
      withShare(text, (share) => this.#rekey.submit(nonce, share, signal)),
    );
    if (!submission.complete) return submission.status;
    const verificationNonce = this.#rekey.current?.verifying?.nonce;
    const done = verificationNonce === undefined ? "done" : "waits for the new shares to be verified";
    this.#options.log.info(`${this.#name} rekey ${done}`, { nonce });
    return { nonce, answer: submission.answer, verificationNonce };
  }

  /** Counts the new share in `text` towards the proof. */
  async verify(nonce: string, text: string, signal: AbortSignal): Promise<Submission<true, RekeyStatus<RekeyDetails>>> {
    this.#check();
    const submission = await this.#advised(nonce, () =>
      withShare(text, (share) => this.#rekey.verify(nonce, share, signal)),
    );
    if (submission.complete) this.#options.log.info(`${this.#name} rekey verified and done`, { nonce });
    return submission;
  }

  async restartVerification(): Promise<RekeyStatus<RekeyDetails>> {
    this.#check();
    return this.#rekey.restartVerification();
  }

  /** Ends the attempt that `scope` names, if there is one. */
  async cancel(scope: string | typeof ANY_ATTEMPT): Promise<void> {
    const running = this.#rekey.current !== undefined;
    await this.#rekey.cancel(scope);
    if (running) this.#options.log.info(`${this.#name} rekey cancelled`);
  }

  backup(): Promise<Backup | undefined> {
    return readBackup(this.#options.store, backupPath(this.target));
  }

  deleteBackup(): Promise<void> {
    return deleteBackup(this.#options.store, backupPath(this.target));
  }

  /** A submission to the wrong target is told which flag it lacks, since the nonce shows that it is not a guess. */
  async #advised<T>(nonce: string, submit: () => Promise<T>): Promise<T> {
    try {
      return await submit();
    } catch (error) {
      const other = OTHER[this.target];
      const running = this.#options.ceremonies.rekeys[other].current;
      const names = running !== undefined && [running.nonce, running.verifying?.nonce].includes(nonce);
      if (!(error instanceof CoreError) || running === undefined) throw error;
      if (error.code !== "NOT_IN_PROGRESS" && !(error.code === "WRONG_NONCE" && names)) throw error;
      throw new CoreError(error.code, `${error.message}; a rekey of the other target is: add -target=${other}`);
    }
  }
}
