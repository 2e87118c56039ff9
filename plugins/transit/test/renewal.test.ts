// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { at } from "../../../packages/server/test/mounts/test-server.ts";
import type { Settings } from "../src/config.ts";
import type { Answer, Remote } from "../src/remote.ts";
import { keepRenewed } from "../src/renewal.ts";
import { openSeal, startRemote } from "./support/remote-server.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const settings: Settings = {
  address: "https://vault.test:8200",
  token: "s.very-secret",
  namespace: undefined,
  mount: "transit",
  key: "k",
  tls: {},
};

let answers: (Answer | Error)[];
let asked: string[];
let logged: string[];
const remote: Remote = {
  settings,
  async post(path) {
    asked.push(path);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no answer is prepared");
    return answer;
  },
  close() {},
};
const env = { log: (level: string, message: string) => void logged.push(`${level}: ${message}`) };
const renewed = (lease_duration: number, renewable = true): Answer => ({
  status: 200,
  body: { auth: { lease_duration, renewable, client_token: settings.token } },
});

beforeEach(() => {
  vi.useFakeTimers();
  [answers, asked, logged] = [[], [], []];
});
afterEach(() => {
  vi.useRealTimers();
  for (const line of logged) expect(line).not.toContain(settings.token);
});

async function pass(milliseconds: number): Promise<number> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  return asked.length;
}

describe("renewal that fails", () => {
  const failures: [string, Answer | Error, string][] = [
    ["unreachable", new SealError("SEAL_UNAVAILABLE", "vault.test is not reached"), "vault.test is not reached"],
    ["denied", { status: 403, body: { errors: ["permission denied"] } }, 'path "auth/token/renew-self"'],
    ["sealed", { status: 503, body: { errors: ["Vault is sealed"] } }, "status 503"],
    ["garbled", { status: 200, body: undefined }, "status 200"],
  ];
  test.each(failures)(
    "%s: it is logged once and tried again every minute, until it works",
    async (_, failure, says) => {
      answers = [failure, failure, renewed(3_600)];
      const stop = keepRenewed(remote, env);
      expect(await pass(5 * SECOND)).toBe(1);
      expect(logged).toEqual([expect.stringContaining(says)]);
      expect(logged[0]).toMatch(/^warn: .*https:\/\/vault\.test:8200|not reached/);
      expect(await pass(60 * SECOND)).toBe(2);
      expect(logged).toHaveLength(1);
      expect(await pass(60 * SECOND)).toBe(3);
      expect(logged[1]).toBe("info: the transit seal's token is renewed again");
      stop();
    },
  );

  test.each([
    ["which is said with 400", { status: 400, body: { errors: ["lease is not renewable"] } }],
    ["which is said in the answer", renewed(120, false)],
  ])("for a token that cannot be renewed, %s: it is logged, and left at that", async (_, answer) => {
    answers = [answer];
    keepRenewed(remote, env);
    expect(await pass(24 * HOUR)).toBe(1);
    expect(logged).toEqual([expect.stringContaining("cannot be renewed: give one that can, best a periodic one")]);
  });
});

describe("renewal that works", () => {
  test("begins after the seal is opened, and goes on at half of the life that the token was given", async () => {
    answers = [renewed(3_600), renewed(1_800), renewed(3_600)];
    const stop = keepRenewed(remote, env);
    expect(await pass(4_999)).toBe(0);
    expect(await pass(1)).toBe(1);
    expect(await pass(1_800 * SECOND - 1)).toBe(1);
    expect(await pass(1)).toBe(2);
    expect(await pass(900 * SECOND - 1)).toBe(2);
    expect(await pass(1)).toBe(3);
    expect(asked).toEqual(Array(3).fill("auth/token/renew-self"));
    expect(logged).toEqual([]);
    stop();
  });

  test("comes daily for a token of a year, and not twice in a second for one about to end", async () => {
    answers = [renewed(365 * 24 * 3_600), renewed(1), renewed(1)];
    const stop = keepRenewed(remote, env);
    expect(await pass(5 * SECOND + 24 * HOUR)).toBe(2);
    expect(await pass(999)).toBe(2);
    expect(await pass(1)).toBe(3);
    stop();
  });

  test("ends for a token that never expires", async () => {
    answers = [renewed(0, false)];
    keepRenewed(remote, env);
    expect(await pass(48 * HOUR)).toBe(1);
    expect(logged).toEqual([]);
  });

  test("ends when it is stopped, also while the remote is being asked", async () => {
    answers = [renewed(60)];
    const stop = keepRenewed(remote, env);
    await pass(5 * SECOND);
    stop();
    expect(await pass(HOUR)).toBe(1);
    let answer = (_: Answer): void => {};
    const slow: Remote = { ...remote, post: () => new Promise((resolve) => (answer = resolve)) };
    const stopSlow = keepRenewed(slow, env);
    await pass(5 * SECOND);
    stopSlow();
    answer({ status: 403, body: undefined });
    await pass(HOUR);
    expect([logged, vi.getTimerCount()]).toEqual([[], 0]);
  });

  test("keeps no process alive", () => {
    const timers: NodeJS.Timeout[] = [];
    const real = globalThis.setTimeout;
    vi.spyOn(globalThis, "setTimeout").mockImplementation((...args) => {
      const timer = real(...args);
      timers.push(timer);
      return timer;
    });
    keepRenewed(remote, env)();
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    vi.restoreAllMocks();
  });
});

describe("a seal with a token of our own server", () => {
  test("renews it, unless disable_renewal says not to; opening asks for nothing", async () => {
    vi.useRealTimers();
    const server = await startRemote();
    const lookup = async () => {
      const { token } = server.stanza;
      return at(await server.ask("POST", "auth/token/lookup", { body: { token } }), "data.last_renewal_time");
    };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const silent = await openSeal(server.stanza, env);
    vi.advanceTimersByTime(24 * HOUR);
    expect(vi.getTimerCount()).toBe(0);
    const seal = await openSeal({ ...server.stanza, disable_renewal: "false" }, env);
    expect(await lookup()).toBeUndefined();
    vi.advanceTimersByTime(5 * SECOND);
    vi.useRealTimers();
    await vi.waitFor(async () => expect(await lookup()).toBeTypeOf("number"), { timeout: 10_000 });
    expect(logged).toEqual([]);
    await Promise.all([seal.close(), silent.close()]);
    await server.server.stop();
  });
});
