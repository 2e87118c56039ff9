// SPDX-License-Identifier: Apache-2.0
import { CryptokiError } from "./errors.ts";
import type { Session } from "./session.ts";

type Waiter = (session: Session | undefined) => void;

/** How long fewer sessions are made do with before more are tried again: other programs may have left theirs. */
const SCARCE_MS = 60_000;

/**
 * Sessions that are lent to one user at a time; opened when needed, at most so many, fewer for a while where the token has
 * fewer.
 */
export class SessionPool {
  readonly #open: () => Session;
  readonly #note: (most: number) => void;
  readonly #configured: number;
  #most: number;
  #scarceUntil = 0;
  /** What was noted last, so that a token that stays scarce is no news every minute. */
  #noted: number;
  #idle: Session[] = [];
  #busy = 0;
  #waiting: Waiter[] = [];
  #drained: (() => void)[] = [];
  #gate: Promise<void> | undefined;

  /** `open` makes a session; `note` is told when the token turns out to have fewer sessions than before. */
  constructor(most: number, open: () => Session, note: (most: number) => void) {
    this.#configured = most;
    this.#most = most;
    this.#noted = most;
    this.#open = open;
    this.#note = note;
  }

  /** Whether no session is open. */
  get empty(): boolean {
    return this.#busy === 0 && this.#idle.length === 0;
  }

  /** A session of one's own until {@link give}. Throws what opening throws. */
  async take(): Promise<Session> {
    for (;;) {
      while (this.#gate !== undefined) await this.#gate;
      const session = this.#idle.pop() ?? this.#tryOpen();
      if (session !== undefined) {
        this.#busy++;
        return session;
      }
      const given = await new Promise<Session | undefined>((resolve) => this.#waiting.push(resolve));
      if (given !== undefined) return given;
    }
  }

  /** Takes a session back: for the next in the queue if it is still usable. */
  give(session: Session): void {
    const next = session.usable && this.#gate === undefined ? this.#waiting.shift() : undefined;
    if (next !== undefined) {
      next(session);
      return;
    }
    if (session.usable) this.#idle.push(session);
    this.#busy--;
    if (this.#busy === 0) for (const tell of this.#drained.splice(0)) tell();
    if (this.#gate === undefined) this.#waiting.shift()?.(undefined);
  }

  /** Closes the sessions that nobody uses. */
  closeIdle(): void {
    for (const session of this.#idle.splice(0)) session.close();
  }

  /** Closes all sessions once none is in use, and does `work` before any is opened again. */
  async exclusively(work: () => void): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    try {
      if (this.#busy > 0) await new Promise<void>((tell) => this.#drained.push(tell));
      this.closeIdle();
      this.#scarceUntil = 0;
      work();
    } finally {
      this.#gate = undefined;
      resolve();
      for (const wake of this.#waiting.splice(0)) wake(undefined);
    }
  }

  /** Another session, or undefined where there may be no more just now. */
  #tryOpen(): Session | undefined {
    if (performance.now() >= this.#scarceUntil) this.#most = this.#configured;
    if (this.#busy >= this.#most) return undefined;
    try {
      return this.#open();
    } catch (error) {
      const exhausted = error instanceof CryptokiError && error.returnValue === "CKR_SESSION_COUNT";
      if (!exhausted || this.#busy === 0) throw error;
      this.#scarceUntil = performance.now() + SCARCE_MS;
      if (this.#busy !== this.#noted) this.#note(this.#busy);
      this.#noted = this.#busy;
      this.#most = this.#busy;
      return undefined;
    }
  }
}
