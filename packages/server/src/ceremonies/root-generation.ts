// SPDX-License-Identifier: Apache-2.0
/** A new root token by the leave of a quorum, protected on its way by a one-time password or by PGP. */
import {
  type ANY_ATTEMPT,
  type AuthorizationStatus,
  CoreError,
  type Permission,
  presentQuorum,
  type SealedStore,
  type Submission,
} from "@sealwright/core";
import { HttpError } from "../http/problem.ts";
import { encryptTo, PgpKeyError, readPublicKeys } from "../pgp/public-keys.ts";
import type { Log } from "../runtime/log.ts";
import type { NewRootToken } from "../tokens/root-token.ts";
import type { Ceremonies } from "./ceremonies.ts";
import type { RootGenerationDetails } from "./details.ts";
import { hideToken, newOneTimePassword } from "./one-time-password.ts";
import { withShare } from "./submission.ts";

/** Characters of a token: `s.` and 24 letters and digits. */
export const TOKEN_LENGTH = 26;

/** How the client wants its token protected. Empty texts count as not given; with neither, a password is made. */
export interface RootGenerationOrder {
  readonly otp: string;
  readonly pgpKey: string;
  /** The client's address. */
  readonly startedBy: string;
}

type Status = AuthorizationStatus<RootGenerationDetails>;

interface Protection {
  readonly fingerprint: string;
  /** A password that was made here, and that the client has yet to hear. */
  readonly madePassword: string;
  protect(token: string): Promise<string>;
}

async function byPgp(pgpKey: string): Promise<Protection> {
  const [recipient] = await readPublicKeys([pgpKey]).catch((error: unknown) => {
    throw error instanceof PgpKeyError ? new HttpError(400, `error parsing PGP key: the PGP key ${error.why}`) : error;
  });
  if (recipient === undefined) throw new RangeError("one key was given");
  return {
    fingerprint: recipient.fingerprint,
    madePassword: "",
    protect: async (token) => (await encryptTo(recipient, token)).toString("base64"),
  };
}

function byPassword(otp: string, madePassword: string): Protection {
  return { fingerprint: "", madePassword, protect: async (token) => hideToken(token, otp) };
}

async function protectionFor({ otp, pgpKey }: RootGenerationOrder): Promise<Protection> {
  if (otp !== "") {
    if (Buffer.byteLength(otp) !== TOKEN_LENGTH) throw new HttpError(400, "OTP string has incorrect length");
    return byPassword(otp, "");
  }
  if (pgpKey !== "") return byPgp(pgpKey);
  const made = newOneTimePassword(TOKEN_LENGTH);
  return byPassword(made, made);
}

/** What the last share is answered with. */
export interface GeneratedRootToken {
  /** The token under its protection: base64, without padding where a password hides it. */
  readonly encodedToken: string;
  readonly fingerprint: string;
  /** How many shares allowed it. */
  readonly required: number;
}

/** What making a root token works on. */
export interface RootGenerationOptions {
  readonly store: SealedStore;
  readonly ceremonies: Ceremonies;
  readonly newRootToken: () => Promise<NewRootToken>;
  readonly log: Log;
}

/** The ceremony in which a quorum allows one new root token. */
export class RootGeneration {
  readonly #options: RootGenerationOptions;

  constructor(options: RootGenerationOptions) {
    this.#options = options;
  }

  get #attempt() {
    return this.#options.ceremonies.rootGeneration;
  }

  /** Throws `SEALED`. */
  async state(): Promise<{ readonly required: number; readonly current: Status | undefined }> {
    if (this.#options.store.sealed) throw new CoreError("SEALED", "the store is sealed");
    const { current } = this.#attempt;
    return { required: current?.required ?? (await this.#options.store.status()).numbers.threshold, current };
  }

  /** Starts an attempt; `otp` is the password that was made for it, or empty. */
  async start(order: RootGenerationOrder): Promise<{ readonly status: Status; readonly otp: string }> {
    await this.state();
    const { fingerprint, madePassword, protect } = await protectionFor(order);
    const permission: Permission<GeneratedRootToken> = {
      numbers: presentQuorum,
      carryOut: async (open) => {
        const { threshold: required } = await presentQuorum(open);
        const { token, changes } = await this.#options.newRootToken();
        const answer = { encodedToken: await protect(token), fingerprint, required };
        await open.barrier.write(changes);
        return answer;
      },
    };
    const status = await this.#attempt.start({ startedBy: order.startedBy, fingerprint }, permission);
    this.#options.log.info("root generation started", { nonce: status.nonce, started_by: order.startedBy });
    return { status, otp: madePassword };
  }

  /** Counts the share in `text`; `answer` is the protected token. */
  async submit(nonce: string, text: string, signal: AbortSignal): Promise<Submission<GeneratedRootToken, Status>> {
    await this.state();
    const submission = await withShare(text, (share) => this.#attempt.submit(nonce, share, signal));
    if (submission.complete) this.#options.log.warn("a root token was generated", { nonce });
    return submission;
  }

  async cancel(scope: string | typeof ANY_ATTEMPT): Promise<void> {
    const { current } = await this.state();
    await this.#attempt.cancel(scope);
    if (current !== undefined) this.#options.log.info("root generation cancelled");
  }
}
