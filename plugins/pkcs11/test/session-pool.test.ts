// SPDX-License-Identifier: Apache-2.0
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { explain } from "../src/errors.ts";
import type { Session } from "../src/session.ts";
import { SessionPool } from "../src/session-pool.ts";

const NO_MORE = explain(Object.assign(new Error("CKR_SESSION_COUNT"), { code: 0xb1 }), "opening a session");

/** A token with so many sessions. */
class Token {
  sessions: number;
  open = 0;
  readonly noted: number[] = [];
  readonly pool: SessionPool;

  constructor(sessions: number, most: number) {
    this.sessions = sessions;
    this.pool = new SessionPool(
      most,
      () => this.#session(),
      (fewer) => this.noted.push(fewer),
    );
  }

  #session(): Session {
    if (this.open >= this.sessions) throw NO_MORE;
    this.open++;
    const session = { usable: true, close: () => void this.open-- };
    return session as Partial<Session> as Session;
  }
}

/** Whether `work` is done within a turn of the event loop. */
async function isQuick(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}

describe("a token with fewer sessions than may be used", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("without any is SEAL_THROTTLED, for there is nothing to wait for", async () => {
    const token = new Token(0, 4);
    await rejectsWithCode(token.pool.take(), "SEAL_THROTTLED");
    expect(token.noted).toEqual([]);
  });

  it("has the others wait, and is told of once", async () => {
    const token = new Token(2, 4);
    const [first, second] = [await token.pool.take(), await token.pool.take()];
    const waiting = [token.pool.take(), token.pool.take()];
    expect(await isQuick(Promise.race(waiting))).toBe(false);
    expect(token.noted).toEqual([2]);
    token.pool.give(first);
    token.pool.give(second);
    expect(await Promise.all(waiting)).toEqual([first, second]);
  });

  it("is asked for no more before a minute is over, and then for as many as may be used", async () => {
    const token = new Token(1, 3);
    const first = await token.pool.take();
    const waiting = token.pool.take();
    token.sessions = 3;
    expect(await isQuick(token.pool.take())).toBe(false);
    vi.advanceTimersByTime(59_000);
    expect(await isQuick(token.pool.take())).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(await isQuick(Promise.all([token.pool.take(), token.pool.take()]))).toBe(true);
    expect(token.open).toBe(3);
    token.pool.give(first);
    expect(await waiting).toBe(first);
  });

  it("and stays so is no news when it is asked again", async () => {
    const token = new Token(1, 2);
    await token.pool.take();
    for (let minute = 0; minute < 3; minute++) {
      expect(await isQuick(token.pool.take())).toBe(false);
      vi.advanceTimersByTime(60_000);
    }
    expect(token.noted).toEqual([1]);
  });
});
