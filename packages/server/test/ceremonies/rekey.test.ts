// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it } from "vitest";
import { initialized, type SealKind, startTestServer, submit, type TestServer, unseal } from "./test-server.ts";

let server: TestServer;
afterEach(() => server.running.stop());

const PATHS: Readonly<Record<SealKind, string>> = { shamir: "sys/rekey", static: "sys/rekey-recovery-key" };
const THREE_TWO = { secret_shares: 3, secret_threshold: 2 };

async function opened(seal: SealKind, shares?: number, threshold?: number) {
  server = await startTestServer(seal);
  return initialized(server, seal, shares, threshold);
}

function isUuid(value: unknown): void {
  expect(value).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
}

describe.each(["shamir", "static"] as const)("a rekey by three holders under %s", (seal) => {
  const path = PATHS[seal];

  it("goes by 1/3, 2/3 and new shares, which work where the old ones do not any more", async () => {
    const { keys, root } = await opened(seal, 5, 3);
    const started = await server.ok("PUT", `${path}/init`, { body: THREE_TWO, from: "198.51.100.7" });
    isUuid(started.nonce);
    expect(started).toMatchObject({ started: true, t: 2, n: 3, progress: 0, required: 3, started_by: "198.51.100.7" });
    expect(Date.parse(String(started.started_at))).toBeGreaterThan(Date.now() - 60_000);
    for (const [at, key] of keys.slice(0, 2).entries()) {
      const { body } = await submit(server, `${path}/update`, started.nonce, [key]);
      expect(body).toMatchObject({ progress: at + 1, required: 3, n: 3, t: 2, nonce: started.nonce });
      await server.ok("PUT", `secret/at-${at}`, { token: root, body: { a: "b" } });
    }
    const { body: done } = await submit(server, `${path}/update`, started.nonce, [keys[4]!]);
    expect(done).toMatchObject({ complete: true, nonce: started.nonce, backup: false, verification_required: false });
    const fresh = done.keys as string[];
    expect((done.keys_base64 as string[]).map((each) => Buffer.from(each, "base64").toString("hex"))).toEqual(fresh);
    expect(fresh.map((each) => each.length)).toEqual([66, 66, 66]);
    await server.running.store.seal();
    expect((await unseal(server, keys.slice(0, 2))).status).toBe(400);
    expect((await unseal(server, fresh.slice(1))).body.sealed).toBe(false);
    expect(server.log.join("")).not.toMatch(new RegExp([...keys, ...fresh].join("|")));
  });

  it("answers the last share again, to whoever's connection broke", async () => {
    const { keys } = await opened(seal);
    const { nonce } = await server.ok("PUT", `${path}/init`, { body: THREE_TWO });
    await submit(server, `${path}/update`, nonce, [keys[0]!]);
    const first = await submit(server, `${path}/update`, nonce, [keys[1]!]);
    expect(await submit(server, `${path}/update`, nonce, [keys[1]!])).toEqual(first);
    expect((await submit(server, `${path}/update`, nonce, [keys[0]!])).status).toBe(400);
  });

  it("puts new shares in force only once they are proved, where that was asked for", async () => {
    const { keys } = await opened(seal);
    const { nonce } = await server.ok("PUT", `${path}/init`, { body: { ...THREE_TWO, require_verification: true } });
    expect(await server.ok("GET", `${path}/verify`)).toEqual({ nonce: "", started: false, t: 2, n: 3, progress: 0 });
    const { body } = await submit(server, `${path}/update`, nonce, keys.slice(0, 2));
    expect(body).toMatchObject({ complete: true, verification_required: true });
    const fresh = body.keys as string[];
    const status = await server.ok("GET", `${path}/init`);
    expect(status).toMatchObject({ verification_nonce: body.verification_nonce, progress: 0, started: true });
    const old = await submit(server, `${path}/verify`, body.verification_nonce, [keys[0]!]);
    expect(old.error).toContain("share of the old key");
    const restarted = await server.ok("DELETE", `${path}/verify`);
    expect(restarted).toMatchObject({ started: true, progress: 0 });
    expect((await submit(server, `${path}/verify`, body.verification_nonce, [fresh[0]!])).status).toBe(400);
    const proved = await submit(server, `${path}/verify`, restarted.nonce, fresh.slice(0, 2));
    expect(proved.body).toEqual({ nonce: restarted.nonce, complete: true });
    expect((await server.call("GET", `${path}/verify`)).status).toBe(400);
  });
});

describe("what an unauthenticated rekey refuses", () => {
  it.each([
    [{}, /shares must be at least one/],
    [{ secret_shares: 5, secret_threshold: 1 }, /threshold must be greater than one/],
    [{ secret_shares: 3, secret_threshold: 5 }, /threshold cannot be larger than shares/],
    [{ secret_shares: 256, secret_threshold: 3 }, /shares must be less than 256/],
    [{ secret_shares: "5", secret_threshold: 3 }, /secret_shares: expected a whole number/],
    [{ ...THREE_TWO, backup: true }, /backup of the new keys without providing PGP keys/],
    [{ ...THREE_TWO, pgp_keys: ["AAAA"] }, /1 keys for 3 shares/],
    [{ secret_shares: 1, secret_threshold: 1, pgp_keys: ["notakey"] }, /PGP key 1 is not/],
    [{ ...THREE_TWO, pgp_keys: "AAAA" }, /pgp_keys: expected a list/],
    [{ ...THREE_TWO, backup: "yes" }, /backup: expected true or false/],
  ])("%o, with 400, and starts nothing", async (body, why) => {
    await opened("shamir");
    const { status, error } = await server.call("PUT", "sys/rekey/init", { body });
    expect([status, error]).toEqual([400, expect.stringMatching(why)]);
    expect((await server.ok("GET", "sys/rekey/init")).started).toBe(false);
  });

  it("shares with the wrong nonce or none, and never tells the right one", async () => {
    const { keys } = await opened("shamir");
    const { nonce } = await server.ok("PUT", "sys/rekey/init", { body: THREE_TWO });
    for (const wrong of [undefined, "", "00000000-0000-0000-0000-000000000000"]) {
      const answer = await server.call("PUT", "sys/rekey/update", { body: { key: keys[0], nonce: wrong } });
      expect(answer.status).toBe(400);
      expect(answer.error).not.toContain(nonce);
    }
    const again = await server.call("PUT", "sys/rekey/init", { body: THREE_TWO });
    expect([again.status, again.error]).toEqual([400, "rekey already in progress"]);
  });

  it.each([{}, { key: "" }, { key: "zz!!" }, { key: "aabb" }, { key: 5 }])("the submission %o", async (body) => {
    await opened("shamir");
    const { nonce } = await server.ok("PUT", "sys/rekey/init", { body: THREE_TWO });
    expect((await server.call("PUT", "sys/rekey/update", { body: { ...body, nonce } })).status).toBe(400);
    expect((await server.ok("GET", "sys/rekey/init")).progress).toBe(0);
  });

  it("everything while sealed, with 503", async () => {
    await opened("shamir");
    await server.running.store.seal();
    for (const path of ["init", "update", "verify"]) {
      for (const method of ["GET", "PUT"] as const) {
        const answer = await server.call(method, `sys/rekey/${path}`, {
          body: { key: "00", nonce: "x", ...THREE_TWO },
        });
        expect([method, path, answer.status]).toEqual([method, path, 503]);
      }
    }
  });

  it("recovery keys where there are unseal keys, and says what to use", async () => {
    const { keys } = await opened("shamir");
    for (const [method, path] of [
      ["GET", "init"],
      ["PUT", "init"],
      ["DELETE", "init"],
      ["PUT", "update"],
      ["GET", "verify"],
    ] as const) {
      const answer = await server.call(method, `sys/rekey-recovery-key/${path}`, {
        body: { key: keys[0], nonce: "x" },
      });
      expect([answer.status, answer.error]).toEqual([400, expect.stringContaining("-target=barrier")]);
    }
  });
});

describe("cancelling", () => {
  it("needs the nonce without a token, in the body or in the query", async () => {
    const { root } = await opened("shamir");
    for (const how of [(nonce: unknown) => ({ body: { nonce } }), (nonce: unknown) => ({ query: `nonce=${nonce}` })]) {
      const { nonce } = await server.ok("PUT", "sys/rekey/init", { body: THREE_TWO });
      expect((await server.call("DELETE", "sys/rekey/init")).status).toBe(400);
      expect((await server.call("DELETE", "sys/rekey/init", { body: { nonce: "wrong" } })).status).toBe(400);
      expect((await server.call("DELETE", "sys/rekey/init", { token: "s.unknown" })).status).toBe(400);
      expect((await server.ok("GET", "sys/rekey/init")).nonce).toBe(nonce);
      expect((await server.call("DELETE", "sys/rekey/init", how(nonce))).status).toBe(204);
    }
    await server.ok("PUT", "sys/rekey/init", { body: THREE_TWO });
    expect((await server.call("DELETE", "sys/rekey/init", { token: root })).status).toBe(204);
    expect((await server.ok("GET", "sys/rekey/init")).started).toBe(false);
    expect((await server.call("DELETE", "sys/rekey/init")).status).toBe(204);
  });
});

describe("the two targets of an auto-sealed server", () => {
  it("are told apart: a share for the other one hears which flag to add", async () => {
    const { keys } = await opened("static");
    const { nonce } = await server.ok("PUT", "sys/rekey-recovery-key/init", { body: THREE_TWO });
    const lost = await submit(server, "sys/rekey/update", nonce, [keys[0]!]);
    expect([lost.status, lost.error]).toEqual([400, expect.stringContaining("add -target=recovery")]);
    await server.ok("PUT", "sys/rekey/init", { body: {} });
    const crossed = await submit(server, "sys/rekey/update", nonce, [keys[0]!]);
    expect([crossed.status, crossed.error]).toEqual([400, expect.stringContaining("add -target=recovery")]);
    const guessed = await submit(server, "sys/rekey/update", "guess", [keys[0]!]);
    expect(guessed.error).not.toContain("-target");
  });

  it("makes a new root key without shares for the barrier, whatever numbers are given", async () => {
    const { keys } = await opened("static");
    const { nonce, t, n } = await server.ok("PUT", "sys/rekey/init", {
      body: { secret_shares: 5, secret_threshold: 3 },
    });
    expect([t, n]).toEqual([0, 0]);
    const { body } = await submit(server, "sys/rekey/update", nonce, keys.slice(0, 2));
    expect(body).toMatchObject({ complete: true, keys: [], keys_base64: [] });
  });

  it.each([{ pgp_keys: ["AAAA"] }, { require_verification: true }, { backup: true, pgp_keys: ["AAAA"] }])(
    "refuse %o for the barrier, which has no shares",
    async (body) => {
      await opened("static");
      expect((await server.call("PUT", "sys/rekey/init", { body })).status).toBe(400);
    },
  );

  it("end what counts the old recovery shares when those are replaced", async () => {
    const { keys } = await opened("static");
    await server.ok("PUT", "sys/rekey/init", { body: {} });
    await server.ok("PUT", "sys/generate-root/attempt", { body: {} });
    const { nonce } = await server.ok("PUT", "sys/rekey-recovery-key/init", { body: THREE_TWO });
    await submit(server, "sys/rekey-recovery-key/update", nonce, keys.slice(0, 2));
    expect((await server.ok("GET", "sys/rekey/init")).started).toBe(false);
    expect((await server.ok("GET", "sys/generate-root/attempt")).started).toBe(false);
    expect(server.log.join("")).toContain("a rekey replaced the shares");
  });
});
