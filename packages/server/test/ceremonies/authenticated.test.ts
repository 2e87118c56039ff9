// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it } from "vitest";
import { withoutFamilies } from "../../src/http/families.ts";
import { initialized, startTestServer, submit, type TestServer, unseal } from "./test-server.ts";

let server: TestServer;
afterEach(() => server.running.stop());

const THREE_TWO = { secret_shares: 3, secret_threshold: 2 };

async function opened(seal: "shamir" | "static" = "shamir") {
  server = await startTestServer(seal);
  return initialized(server, seal);
}

async function tokenWith(root: string, policy: string): Promise<string> {
  await server.ok("PUT", "sys/policies/acl/test", { token: root, body: { policy } });
  const made = await server.ok("POST", "auth/token/create", { token: root, body: { policies: ["test"] } });
  return String((made.auth as { client_token: unknown }).client_token);
}

describe("sys/rotate/root and sys/rotate/recovery", () => {
  it("go through a whole ceremony with update and sudo alone", async () => {
    const { keys, root } = await opened();
    const token = await tokenWith(root, 'path "sys/rotate/root/*" { capabilities = ["update", "sudo"] }');
    const { data } = await server.ok("POST", "sys/rotate/root/init", { token, body: THREE_TWO });
    const { nonce } = data as { nonce: string };
    expect((await server.ok("GET", "sys/rotate/root/init", { token })).data).toMatchObject({ nonce, progress: 0 });
    expect((await server.call("DELETE", "sys/rotate/root/init", { token })).status).toBe(204);
    const again = (await server.ok("POST", "sys/rotate/root/init", { token, body: THREE_TWO })).data as {
      nonce: string;
    };
    const { body } = await submit(server, "sys/rotate/root/update", again.nonce, keys.slice(0, 2), token);
    const fresh = (body.data as { keys: string[] }).keys;
    await server.running.store.seal();
    expect((await unseal(server, fresh.slice(0, 2))).body.sealed).toBe(false);
  });

  it.each(["update", "sudo", "read"])(
    "are refused to a token with %s alone, and nothing changes",
    async (capability) => {
      const { root } = await opened();
      const token = await tokenWith(root, `path "sys/rotate/*" { capabilities = ["${capability}"] }`);
      for (const path of ["sys/rotate/root/init", "sys/rotate/recovery/init", "sys/rotate/root", "sys/rotate/config"]) {
        expect((await server.call("PUT", path, { token, body: THREE_TWO })).status).toBe(403);
      }
      expect((await server.call("PUT", "sys/rotate/root/init", { body: THREE_TWO })).status).toBe(403);
      expect((await server.ok("GET", "sys/rekey/init")).started).toBe(false);
    },
  );

  it("share the attempt of the other family", async () => {
    const { keys, root: token } = await opened();
    const { nonce } = await server.ok("PUT", "sys/rekey/init", { body: THREE_TWO });
    expect((await server.call("PUT", "sys/rotate/root/init", { token, body: THREE_TWO })).status).toBe(400);
    await submit(server, "sys/rekey/update", nonce, [keys[0]!]);
    const { body } = await submit(server, "sys/rotate/root/update", nonce, [keys[1]!], token);
    expect(body.data).toMatchObject({ complete: true, nonce });
  });

  it("make the first recovery keys at once where nobody holds any", async () => {
    server = await startTestServer("static");
    const init = await server.ok("PUT", "sys/init", { body: {} });
    const token = String(init.root_token);
    const refused = await server.call("PUT", "sys/rekey-recovery-key/init", { body: THREE_TWO });
    expect([refused.status, refused.error]).toEqual([400, expect.stringContaining("nobody holds shares")]);
    const { data } = await server.ok("PUT", "sys/rotate/recovery/init", { token, body: THREE_TWO });
    expect(data).toMatchObject({ complete: true });
    const { nonce } = await server.ok("PUT", "sys/generate-root/attempt", { body: {} });
    const { keys } = data as { keys: string[] };
    expect((await submit(server, "sys/generate-root/update", nonce, keys.slice(0, 2))).body.complete).toBe(true);
  });

  it.each([{}, { nonce: "x" }, { key: "00" }])("refuse the submission %o", async (body) => {
    const { root: token } = await opened();
    await server.ok("PUT", "sys/rotate/root/init", { token, body: THREE_TWO });
    expect((await server.call("PUT", "sys/rotate/root/update", { token, body })).status).toBe(400);
  });
});

describe("sys/rotate/config", () => {
  it.each([
    [{ max_operations: 999_999 }, "max_operations must be in the range [1000000,3865470566]"],
    [{ max_operations: 3_865_470_567 }, "max_operations must be in the range [1000000,3865470566]"],
    [{ max_operations: -1 }, "max_operations must be in the range [1000000,3865470566]"],
    [{ max_operations: 1e30 }, /cannot parse value as 'int64'/],
    [{ max_operations: 2_000_000.5 }, /cannot parse value as 'int64'/],
    [{ max_operations: "abc" }, /cannot parse value as 'int64'/],
    [{ max_operations: [] }, /expected a number or a text/],
    [{ interval: "23h" }, "interval must be greater or equal to 24h0m0s"],
    [{ interval: 86_399 }, "interval must be greater or equal to 24h0m0s"],
    [{ interval: "abc" }, /time: invalid duration "abc"/],
    [{ interval: "-48h" }, /cannot provide negative value '-172800'/],
    [{ interval: -90_000 }, /cannot provide negative value '-90000'/],
    [{ interval: 90_000.5 }, /interval/],
    [{ interval: "24h0m0.5s" }, /whole number of seconds/],
    [{ interval: "99999999999h" }, /time: invalid duration/],
    [{ enabled: "maybe" }, /cannot parse value as 'bool'/],
  ])("refuses %o with 400, and nothing changes", async (body, why) => {
    const { root: token } = await opened();
    const before = (await server.ok("GET", "sys/rotate/config", { token })).data;
    const { status, error } = await server.call("PUT", "sys/rotate/config", { token, body });
    expect(status).toBe(400);
    if (typeof why === "string") expect(error).toBe(why);
    else expect(error).toMatch(why);
    expect((await server.ok("GET", "sys/rotate/config", { token })).data).toEqual(before);
  });

  it("takes numbers as texts, Go's durations and days, under both names, and keeps them over a restart", async () => {
    const { keys, root: token } = await opened();
    const defaults = { enabled: true, interval: 0, max_operations: 3_865_470_566 };
    expect((await server.ok("GET", "sys/rotate/keyring/config", { token })).data).toEqual(defaults);
    const body = { max_operations: "2000000", interval: "48h", enabled: "false" };
    expect((await server.call("PUT", "sys/rotate/keyring/config", { token, body })).status).toBe(204);
    await server.running.store.seal();
    await unseal(server, keys.slice(0, 2));
    const changed = { enabled: false, interval: "48h0m0s", max_operations: 2_000_000 };
    expect((await server.ok("GET", "sys/rotate/config", { token })).data).toEqual(changed);
    await server.call("POST", "sys/rotate/config", { token, body: { interval: 0, enabled: true, nope: 1 } });
    const back = { enabled: true, interval: 0, max_operations: 2_000_000 };
    expect((await server.ok("GET", "sys/rotate/config", { token })).data).toEqual(back);
  });
});

describe("sys/rotate/root without a quorum", () => {
  it.each(["shamir", "static"] as const)("leaves shares and data as they are under %s", async (seal) => {
    const { keys, root: token } = await opened(seal);
    await server.ok("PUT", "secret/a", { token, body: { x: "y" } });
    expect((await server.call("POST", "sys/rotate/root", { token, body: {} })).status).toBe(204);
    await server.running.store.seal();
    await unseal(server, keys.slice(1));
    expect((await server.ok("GET", "secret/a", { token })).data).toEqual({ x: "y" });
  });
});

describe("generating a root token", () => {
  it("hides it by a password as long as itself, which only the starter hears", async () => {
    const { keys } = await opened();
    const { nonce, otp, otp_length } = await server.ok("PUT", "sys/generate-root/attempt", { body: {} });
    expect([otp_length, String(otp)]).toEqual([26, expect.stringMatching(/^[0-9A-Za-z]{26}$/)]);
    expect((await server.ok("GET", "sys/generate-root/attempt")).otp).toBe("");
    const { body } = await submit(server, "sys/generate-root/update", nonce, keys.slice(0, 2));
    expect(body).toMatchObject({ complete: true, progress: 2, required: 2, otp: "" });
    const decoded = await server.ok("PUT", "sys/decode-token", { body: { encoded_token: body.encoded_token, otp } });
    const { token } = decoded.data as { token: string };
    expect((await server.call("GET", "auth/token/lookup-self", { token })).status).toBe(200);
  });

  it.each([{ otp: "abc" }, { otp: "a".repeat(27) }, { otp: "é".repeat(26) }, { pgp_key: "notakey" }, { otp: 5 }])(
    "refuses %o",
    async (body) => {
      await opened();
      expect((await server.call("PUT", "sys/generate-root/attempt", { body })).status).toBe(400);
      expect((await server.ok("GET", "sys/generate-root/attempt")).started).toBe(false);
    },
  );

  it("refuses other nonces, repeats, cancelling without a nonce, and undecodable tokens", async () => {
    const { keys, root: token } = await opened();
    const { nonce } = await server.ok("PUT", "sys/generate-root/attempt", { body: {} });
    const wrong = await submit(server, "sys/generate-root/update", "x", [keys[0]!]);
    expect([wrong.status, wrong.error.includes(String(nonce))]).toEqual([400, false]);
    await submit(server, "sys/generate-root/update", nonce, [keys[0]!]);
    expect((await submit(server, "sys/generate-root/update", nonce, [keys[0]!])).status).toBe(400);
    expect((await server.call("DELETE", "sys/generate-root/attempt")).status).toBe(400);
    expect((await server.call("GET", "sys/generate-root-token/attempt")).status).toBe(403);
    const shared = await server.ok("GET", "sys/generate-root-token/attempt", { token });
    expect(shared.data).toMatchObject({ nonce, progress: 1 });
    expect((await server.call("DELETE", "sys/generate-root-token/attempt", { token })).status).toBe(204);
    for (const body of [{}, { encoded_token: "AAAA", otp: "abcd" }, { encoded_token: "!", otp: "a" }]) {
      expect((await server.call("PUT", "sys/decode-token", { body })).status).toBe(400);
    }
  });
});

describe("a listener that does not serve the unauthenticated families", () => {
  it.each([
    ["sys/rekey/init", 405],
    ["sys/rekey/update", 405],
    ["sys/rekey/verify", 405],
    ["sys/rekey-recovery-key/init", 404],
    ["sys/generate-root/attempt", 405],
    ["sys/generate-root/update", 405],
  ])("answers %s with %d, root token or not, and serves the rest", async (path, status) => {
    const { root: token } = await opened();
    const off = { disable_unauthed_rekey_endpoints: true, disable_unauthed_generate_root_endpoints: true };
    const dispatch = withoutFamilies(server.running.dispatch, off);
    const request = { method: "GET", query: new URLSearchParams(), text: "", token, remoteAddress: "" } as const;
    const { signal } = new AbortController();
    await expect(dispatch({ ...request, path, signal })).rejects.toMatchObject({ status });
    expect((await dispatch({ ...request, path: "sys/rotate/root/init", signal })).status).toBe(200);
  });

  it("and one that does says so in the log", async () => {
    await opened();
    expect(server.log.join("")).toMatch(/disable_unauthed_rekey_endpoints = true turns them off/);
    expect(server.log.join("")).toMatch(/disable_unauthed_generate_root_endpoints = true turns them off/);
  });
});
