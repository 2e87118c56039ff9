// SPDX-License-Identifier: Apache-2.0
/** A machine without an identity endpoint. The SDK looks for one once in a process: hence a file of its own. */
import { rejectsWithCode } from "@sealwright/testing";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openSeal } from "./support/open-seal.ts";

let vault: KeyVaultServer;
let place: Readonly<Record<string, string>>;

beforeAll(async () => {
  vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1");
  vault = await startKeyVault();
  const { tenant_id: _tenant, client_id: _client, client_secret: _secret, ...rest } = vault.config;
  place = rest;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await vault.stop();
});

test("a managed identity is SEAL_UNAVAILABLE, naming where it was looked for", async () => {
  const seal = await openSeal({ ...place, auth_method: "managed_identity" });
  const { message } = await rejectsWithCode(seal.wrap(new Uint8Array(32)), "SEAL_UNAVAILABLE");
  expect(message).toContain("http://127.0.0.1:1, which has the token for the key autounseal");
  await seal.close();
});

test("the default chain without anything in it is SEAL_DENIED: there are no credentials", async () => {
  const seal = await openSeal(place);
  const { message } = await rejectsWithCode(seal.wrap(new Uint8Array(32)), "SEAL_DENIED");
  expect(message).toContain("there are no credentials for the key autounseal");
  await seal.close();
});
