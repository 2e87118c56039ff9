// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import type { Stanza } from "@sealwright/seal";
import { type CodedError, rejectsWithCode } from "@sealwright/testing";
import { type KeyPermission, type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkErrorTable, checkSettingsTable } from "../../../test/support/seal-docs.ts";
import { CLOUDS } from "../src/clouds.ts";
import { plugin } from "../src/index.ts";
import { loginRefused, noCredentials } from "../src/login-refusals.ts";
import { openSeal } from "./support/open-seal.ts";

const page = readFileSync(new URL("../../../docs/seals/azurekeyvault.md", import.meta.url), "utf8");
const rootKey = Buffer.alloc(32, 1);
let vault: KeyVaultServer;

beforeAll(async () => {
  vault = await startKeyVault();
});
afterAll(() => vault.stop());

/** The permissions of the access policy that the page calls the smallest. */
function documentedPermissions(): KeyPermission[] {
  const list = /<!-- policy -->\n```sh\n.*--key-permissions ([\w ]+)\n```/.exec(page)?.[1] ?? "";
  return list.split(" ") as KeyPermission[];
}

describe("docs/seals/azurekeyvault.md", () => {
  it("shows the settings that the plugin declares", () => checkSettingsTable("azurekeyvault", plugin.config));

  it("shows the errors that the plugin gives", async () => {
    const seal = await openSeal(vault.config);
    const blob = await seal.wrap(rootKey);
    const answered = async (code: string, status: number, inner = "", message = ""): Promise<CodedError> => {
      const body = { error: { code: "", message, innererror: { code: inner } } };
      vault.answerWith(() => ({ status, body, headers: { "Retry-After": "60" } }));
      const error = await rejectsWithCode(seal.unwrap(blob), code);
      vault.answerWith(undefined);
      return error;
    };
    const wrapping = async (code: string, status: number, body: object = {}): Promise<CodedError> => {
      vault.answerWith(() => ({ status, body, headers: { "Retry-After": "60" } }));
      const error = await rejectsWithCode(seal.wrap(rootKey), code);
      vault.answerWith(undefined);
      return error;
    };
    const without = (settings: Stanza, code: string): Promise<CodedError> =>
      openSeal({ ...vault.config, ...settings }).then((each) => rejectsWithCode(each.wrap(rootKey), code));
    const abandoned = (): Promise<CodedError> => {
      const controller = new AbortController();
      const call = seal.wrap(rootKey, { signal: controller.signal });
      controller.abort();
      return rejectsWithCode(call, "SEAL_TIMEOUT");
    };
    const skewed = async (): Promise<CodedError> => {
      vault.skewClock(7_200_000);
      const error = await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED");
      vault.skewClock(0);
      return error;
    };
    const target = { vaultUrl: vault.url, key: vault.key };
    const { keyInfo, ...bare } = blob;
    const provoked = [
      await without({ vault_url: "https://127.0.0.1:1" }, "SEAL_UNAVAILABLE"),
      await without({ authority_host: "https://127.0.0.1:1" }, "SEAL_UNAVAILABLE"),
      await answered("SEAL_UNAVAILABLE", 503),
      await wrapping("SEAL_UNAVAILABLE", 407),
      loginRefused(target, { host: "https://login", status: 503, body: "" }),
      await wrapping("SEAL_UNAVAILABLE", 200),
      await answered("SEAL_THROTTLED", 429),
      loginRefused(target, { host: "https://login", status: 429, body: "" }),
      await abandoned(),
      await answered("SEAL_DENIED", 403, "AccessDenied"),
      await answered("SEAL_DENIED", 403, "ForbiddenByFirewall"),
      await without({ client_secret: "wrong" }, "SEAL_DENIED"),
      noCredentials(target, "default", undefined),
      await skewed(),
      await answered("SEAL_DENIED", 401),
      await wrapping("SEAL_KEY_MISSING", 404),
      await answered("SEAL_KEY_MISSING", 404),
      await rejectsWithCode(seal.unwrap({ ...blob, keyInfo: { ...keyInfo, keyId: "?" } }), "SEAL_KEY_MISSING"),
      await answered("SEAL_KEY_DISABLED", 403, "KeyDisabled"),
      await answered("SEAL_KEY_DISABLED", 403, "KeyNotYetValidOrExpired"),
      await answered("SEAL_KEY_DISABLED", 409, "ObjectIsDeletedButRecoverable"),
      await answered("SEAL_BAD_CIPHERTEXT", 400, "", "Error occurred while decoding OAEP padding."),
      await rejectsWithCode(seal.unwrap(bare), "SEAL_BAD_CIPHERTEXT"),
      await rejectsWithCode(seal.unwrap({ ...blob, ciphertext: Buffer.alloc(48) }), "SEAL_BAD_CIPHERTEXT"),
      await answered("SEAL_CONFIG", 403, "KeyOperationForbidden"),
      await wrapping("SEAL_CONFIG", 400),
      await without({ resource: "vault.azure.cn" }, "SEAL_CONFIG"),
      await answered("SEAL_CONFIG", 418),
      await rejectsWithCode(openSeal({ ...vault.config, auth_method: "certificate" }), "SEAL_CONFIG"),
      await rejectsWithCode(openSeal({ ...vault.config, tls_ca_cert: "no-such.pem" }), "SEAL_CONFIG"),
    ];
    checkErrorTable("azurekeyvault", provoked);
    await seal.close();
  });

  it("shows permissions that are enough to wrap and unwrap, and of which none can be left out", async () => {
    const permissions = documentedPermissions();
    expect(permissions).toEqual(["wrapKey", "unwrapKey"]);
    const sealOf = (given: readonly KeyPermission[]) => {
      const { clientId, clientSecret } = vault.addIdentity(given);
      return openSeal({ ...vault.config, client_id: clientId, client_secret: clientSecret });
    };
    const seal = await sealOf(permissions);
    const blob = await seal.wrap(rootKey);
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
    const [wraps, unwraps] = [await sealOf(["wrapKey"]), await sealOf(["unwrapKey"])];
    await rejectsWithCode(wraps.unwrap(blob), "SEAL_DENIED");
    await rejectsWithCode(unwraps.wrap(rootKey), "SEAL_DENIED");
    await Promise.all([seal, wraps, unwraps].map((each) => each.close()));
  });

  it("shows the clouds that there are", () => {
    for (const [name, { vaultSuffix, authorityHost }] of Object.entries(CLOUDS)) {
      const row = page.split("\n").find((line) => line.startsWith("| `AZURE") && line.includes(`\`${name}\``));
      expect(row).toContain(`\`${vaultSuffix}\``);
      expect(row).toContain(`\`${authorityHost}\``);
    }
  });
});

it("the example configuration is there, and opens", async () => {
  const example = new URL("../../../examples/config/azurekeyvault.hcl", import.meta.url);
  expect(existsSync(example)).toBe(true);
  const settings = [...readFileSync(example, "utf8").matchAll(/^ {2}(\w+_(?:name|id)) += "(.*)"$/gm)];
  const stanza = Object.fromEntries(settings.map(([, key = "", value = ""]) => [key, value]));
  expect(Object.keys(stanza)).toEqual(["vault_name", "key_name", "tenant_id", "client_id"]);
  await (await openSeal({ ...stanza, client_secret: "a" })).close();
});
