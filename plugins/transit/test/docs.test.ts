// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import type { Stanza } from "@sealwright/seal";
import { type CodedError, rejectsWithCode } from "@sealwright/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkErrorTable, checkSettingsTable } from "../../../test/support/seal-docs.ts";
import { plugin } from "../src/index.ts";
import { documentedPolicy, openSeal, type RemoteServer, startRemote } from "./support/remote-server.ts";
import { type Reply, type StubRemote, startStub, textOf } from "./support/stub-remote.ts";

let stub: StubRemote;
let remote: RemoteServer;
const blob = { ciphertext: Buffer.from(textOf(1)), keyInfo: { keyId: "v1" } };

beforeAll(async () => {
  [stub, remote] = await Promise.all([startStub(), startRemote()]);
});
afterAll(() => Promise.all([stub.stop(), remote.server.stop()]));

describe("docs/seals/transit.md", () => {
  it("shows the settings that the plugin declares", () => checkSettingsTable("transit", plugin.config));

  it("shows the errors that the plugin gives", async () => {
    const stanza = { address: stub.address, token: "t", mount_path: "transit", key_name: "k", disable_renewal: true };
    const seal = await openSeal(stanza);
    const answered = (code: string, status: number, body: Reply["body"]): Promise<CodedError> => {
      stub.reply = { status, body: typeof body === "string" ? { errors: [body] } : (body ?? {}) };
      return rejectsWithCode(seal.unwrap(blob), code);
    };
    const unreached = async (settings: Stanza): Promise<CodedError> =>
      rejectsWithCode((await openSeal({ ...stanza, ...settings })).wrap(new Uint8Array(32)), "SEAL_UNAVAILABLE");
    const misconfigured = (settings: Stanza): Promise<CodedError> =>
      rejectsWithCode(openSeal({ ...stanza, ...settings }), "SEAL_CONFIG");
    const abandoned = (): Promise<CodedError> => {
      const controller = new AbortController();
      const call = seal.wrap(new Uint8Array(1), { signal: controller.signal });
      controller.abort();
      return rejectsWithCode(call, "SEAL_TIMEOUT");
    };
    const provoked = [
      await unreached({ address: "http://127.0.0.1:1" }),
      await answered("SEAL_UNAVAILABLE", 503, "Vault is sealed"),
      await answered("SEAL_UNAVAILABLE", 500, "internal error"),
      await answered("SEAL_UNAVAILABLE", 200, {}),
      await answered("SEAL_THROTTLED", 429, ""),
      await answered("SEAL_DENIED", 403, "permission denied"),
      await answered("SEAL_KEY_MISSING", 404, "no handler for route"),
      await answered("SEAL_KEY_MISSING", 404, "namespace not found"),
      await answered("SEAL_KEY_MISSING", 400, "encryption key not found"),
      await answered("SEAL_KEY_MISSING", 400, "invalid ciphertext: version is too new"),
      await answered("SEAL_KEY_DISABLED", 400, "ciphertext or signature version is disallowed by policy (too old)"),
      await answered("SEAL_BAD_CIPHERTEXT", 400, "cipher: message authentication failed"),
      await answered("SEAL_CONFIG", 400, "message decryption not supported for key type ed25519"),
      await answered("SEAL_CONFIG", 405, "unsupported operation"),
      await rejectsWithCode(seal.unwrap({ ...blob, keyInfo: { keyId: "v2" } }), "SEAL_KEY_MISSING"),
      await rejectsWithCode(seal.unwrap({ ciphertext: Buffer.from("x") }), "SEAL_BAD_CIPHERTEXT"),
      await rejectsWithCode(seal.wrap(new Uint8Array(1), { aad: new Uint8Array(1) }), "SEAL_CONFIG"),
      await abandoned(),
      await misconfigured({ tls_client_cert: "/c" }),
      await misconfigured({ tls_ca_cert: "no-such.pem" }),
    ];
    checkErrorTable("transit", provoked);
    await seal.close();
  });

  it("shows a policy that is enough to wrap, unwrap and renew", async () => {
    const token = await remote.tokenFor(documentedPolicy(), { period: "1h" });
    const seal = await openSeal({ ...remote.stanza, token });
    const rootKey = Buffer.alloc(32, 1);
    expect(Buffer.from(await seal.unwrap(await seal.wrap(rootKey)))).toEqual(rootKey);
    expect((await remote.ask("POST", "auth/token/renew-self", { token })).status).toBe(200);
    await seal.close();
  });

  it("shows a policy of which nothing can be left out", async () => {
    const rules = documentedPolicy()
      .split(/^(?=path )/m)
      .filter((rule) => rule.trim() !== "");
    expect(rules).toHaveLength(3);
    const attempts = [
      ["transit/encrypt/autounseal", { plaintext: "AAAA" }],
      ["transit/decrypt/autounseal", { ciphertext: textOf(1) }],
      ["auth/token/renew-self", {}],
    ] as const;
    for (const [index, [path, body]] of attempts.entries()) {
      const token = await remote.tokenFor(rules.filter((_, each) => each !== index).join("\n"));
      expect([path, (await remote.ask("POST", path, { token, body })).status]).toEqual([path, 403]);
    }
    const token = await remote.tokenFor(documentedPolicy());
    for (const path of ["transit/keys/autounseal", "transit/keys/autounseal/rotate", "transit/rewrap/autounseal"]) {
      expect([path, (await remote.ask("POST", path, { token, body: {} })).status]).toEqual([path, 403]);
    }
  });
});

it("the example configuration is there", () => {
  expect(existsSync(new URL("../../../examples/config/transit.hcl", import.meta.url))).toBe(true);
});
