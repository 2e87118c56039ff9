// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Seal, Stanza } from "@sealwright/seal";
import { type CodedError, rejectsWithCode } from "@sealwright/testing";
import { type CloudKms, StatusError, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkErrorTable, checkSettingsTable } from "../../../test/support/seal-docs.ts";
import { plugin } from "../src/index.ts";
import { openSeal, stanzaFor } from "./support/cloud.ts";

const page = readFileSync(new URL("../../../docs/seals/gcpckms.md", import.meta.url), "utf8");
const example = readFileSync(new URL("../../../examples/config/gcpckms.hcl", import.meta.url), "utf8");
const dataKey = new Uint8Array(32).fill(1);

let kms: CloudKms;
let seal: Seal;

beforeAll(async () => {
  kms = await startCloudKms();
  seal = await openSeal(stanzaFor(kms));
});
afterAll(async () => {
  await seal.close();
  await kms.stop();
});

describe("docs/seals/gcpckms.md", () => {
  it("shows the settings that the plugin declares", () => checkSettingsTable("gcpckms", plugin.config));

  it("shows the errors that the plugin gives", async () => {
    const blob = await seal.wrap(dataKey);
    const { keyInfo = { keyId: "" } } = blob;
    const answered = (code: string, status: number, details = "", reason?: string): Promise<CodedError> => {
      kms.fail(
        new StatusError(status, details, reason === undefined ? undefined : { reason, domain: "googleapis.com" }),
      );
      return rejectsWithCode(seal.wrap(dataKey), code).finally(() => kms.heal());
    };
    const unwrapping = (code: string, altered: object): Promise<CodedError> =>
      rejectsWithCode(seal.unwrap({ ...blob, ...altered }), code);
    const opened = async (code: string, settings: Stanza): Promise<CodedError> => {
      const other = await openSeal({ ...stanzaFor(kms), ...settings });
      return rejectsWithCode(other.wrap(dataKey), code).finally(() => other.close());
    };
    const misconfigured = (settings: Stanza): Promise<CodedError> =>
      rejectsWithCode(openSeal({ ...stanzaFor(kms), ...settings }), "SEAL_CONFIG");
    const tampered = (): Promise<CodedError> => {
      kms.tamper((_method, response) => ({ ...response, ciphertext: Buffer.from("x") }));
      return rejectsWithCode(seal.wrap(dataKey), "SEAL_UNAVAILABLE").finally(() => kms.heal());
    };
    const abandoned = (): Promise<CodedError> => {
      const controller = new AbortController();
      const call = seal.unwrap(blob, { signal: controller.signal });
      controller.abort();
      return rejectsWithCode(call, "SEAL_TIMEOUT");
    };
    const plugin = "Getting metadata from plugin failed with error:";
    const state = (name: string) => `v is not enabled, current state is: ${name}.`;
    const provoked = [
      await opened("SEAL_UNAVAILABLE", { endpoint: "http://127.0.0.1:1" }),
      await answered("SEAL_UNAVAILABLE", 2, `${plugin} getaddrinfo ENOTFOUND oauth2.googleapis.com`),
      await answered("SEAL_UNAVAILABLE", 13),
      await tampered(),
      await answered("SEAL_UNAVAILABLE", 3, "The checksum in field plaintext_crc32c did not match"),
      await answered("SEAL_UNAVAILABLE", 12),
      await answered("SEAL_THROTTLED", 8),
      await abandoned(),
      await answered("SEAL_TIMEOUT", 4),
      await answered("SEAL_DENIED", 7),
      await answered("SEAL_DENIED", 2, `${plugin} Could not load the default credentials.`),
      await answered("SEAL_DENIED", 2, `${plugin} invalid_grant`),
      await answered("SEAL_DENIED", 16),
      await answered("SEAL_DENIED", 7, "", "SERVICE_DISABLED"),
      await answered("SEAL_DENIED", 7, "", "BILLING_DISABLED"),
      await answered("SEAL_DENIED", 7, "", "SECURITY_POLICY_VIOLATED"),
      await answered("SEAL_KEY_MISSING", 5),
      await answered("SEAL_KEY_MISSING", 5, "The request concerns location 'x' but was sent to location 'global'."),
      await unwrapping("SEAL_KEY_MISSING", { keyInfo: { ...keyInfo, keyId: "v1" } }),
      await answered("SEAL_KEY_MISSING", 9, state("DESTROYED")),
      await answered("SEAL_KEY_DISABLED", 9, state("DISABLED")),
      await answered("SEAL_KEY_DISABLED", 9, state("DESTROY_SCHEDULED")),
      await unwrapping("SEAL_BAD_CIPHERTEXT", { keyInfo: { ...keyInfo, wrappedKey: dataKey } }),
      await unwrapping("SEAL_BAD_CIPHERTEXT", { ciphertext: dataKey }),
      await unwrapping("SEAL_BAD_CIPHERTEXT", { keyInfo: { ...keyInfo, wrappedKey: new Uint8Array() } }),
      await unwrapping("SEAL_BAD_CIPHERTEXT", { keyInfo: { ...keyInfo, mechanism: 2 } }),
      await answered("SEAL_CONFIG", 9),
      await opened("SEAL_CONFIG", { crypto_key: "", key_not_required: true }),
      await misconfigured({ crypto_key: "" }),
      await misconfigured({ endpoint: "http://kms.example" }),
      await misconfigured({ endpoint: "https://10.0.0.1" }),
      await misconfigured({ credentials: "no-such-file.json" }),
      await misconfigured({ credentials: "{}" }),
    ];
    checkErrorTable("gcpckms", provoked);
  });

  it("shows the stanza of the example configuration", () => {
    const stanza = /seal "gcpckms" \{[^}]+\}/;
    expect(stanza.exec(page)?.[0]).toBe(stanza.exec(example)?.[0]);
  });

  it("names the two permissions that are used", async () => {
    const before = kms.calls.length;
    await seal.unwrap(await seal.wrap(dataKey));
    expect(kms.calls.slice(before)).toEqual(["Encrypt", "Decrypt"]);
    for (const permission of ["useToEncrypt", "useToDecrypt"]) {
      expect(page).toContain(`\`cloudkms.cryptoKeyVersions.${permission}\``);
    }
  });
});
