// SPDX-License-Identifier: Apache-2.0
import { Quorum } from "@sealwright/core";
import { describe, expect, it } from "vitest";

const share = (byte: number): Uint8Array => new Uint8Array(33).fill(byte);
const ZEROS = new Uint8Array(33);

/** A quorum of two that has `given` shares, and a clock that stands at `clock.now`. */
function started(...given: number[]) {
  const clock = { now: 1_000 };
  const quorum = new Quorum<"test">(() => clock.now);
  quorum.start(2, "test");
  const { nonce } = quorum.current!;
  for (const byte of given) quorum.submit(nonce, share(byte));
  return { quorum, nonce, clock, held: [...quorum.current!.shares] };
}

describe("a quorum", () => {
  it("gives every attempt a nonce of its own", () => {
    const { quorum, nonce } = started();
    quorum.end();
    quorum.start(2, "test");
    expect(quorum.current!.nonce).not.toBe(nonce);
    expect(nonce).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("keeps a copy, so that the caller may wipe what it gave", () => {
    const { quorum, nonce } = started();
    const mine = share(7);
    quorum.submit(nonce, mine);
    mine.fill(0);
    expect(quorum.current!.shares).toEqual([share(7)]);
  });

  it("never wipes what the caller gave, counted or not", () => {
    const { quorum, nonce } = started(1);
    const mine = share(1);
    expect(quorum.submit(nonce, mine)).toBe("repeated");
    expect(quorum.submit("another nonce", mine)).toBe("wrong-nonce");
    expect(mine).toEqual(share(1));
  });

  it("wipes all shares when the attempt ends", () => {
    const { quorum, held } = started(1, 2);
    quorum.end();
    expect(quorum.current).toBeUndefined();
    expect(held).toEqual([ZEROS, ZEROS]);
  });

  it("wipes all shares of a quorum that proved wrong, and goes on", () => {
    const { quorum, nonce, held } = started(1, 2);
    quorum.reject();
    expect(held).toEqual([ZEROS, ZEROS]);
    expect(quorum.submit(nonce, share(1))).toBe("counted");
  });

  it("wipes the last share alone of a quorum that could not be tried", () => {
    const { quorum, nonce, held } = started(1, 2);
    quorum.withdraw();
    expect(held).toEqual([share(1), ZEROS]);
    expect(quorum.submit(nonce, share(2))).toBe("quorum");
  });

  it("wipes and ends an attempt without progress, and no other", () => {
    const { quorum, nonce, clock, held } = started(1);
    clock.now += 59_999;
    expect(quorum.expire(60_000)).toBe("unchanged");
    clock.now += 1;
    expect(quorum.expire(60_000)).toBe("ended");
    expect(held).toEqual([ZEROS]);
    expect(quorum.submit(nonce, share(2))).toBe("not-started");
  });
});
