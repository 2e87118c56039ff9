// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Seal, Stanza } from "@sealwright/seal";
import { type CodedError, rejectsWithCode } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { checkErrorTable, checkSettingsTable } from "../../../test/support/seal-docs.ts";
import { plugin } from "../src/index.ts";
import { openSeal } from "./support/open-seal.ts";
import { ENCRYPTED, type Reply, refusal, type StubAws, startStubAws } from "./support/stub-aws.ts";

const page = readFileSync(new URL("../../../docs/seals/awskms.md", import.meta.url), "utf8");

let stub: StubAws;
let stanza: Record<string, string>;

beforeAll(async () => {
  stub = await startStubAws();
  const keys = { access_key: "AKIA1", secret_key: "very-secret" };
  stanza = { kms_key_id: "alias/unseal", region: "eu-central-1", endpoint: stub.address, ...keys };
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => stub.stop());

describe("docs/seals/awskms.md", () => {
  it("shows the settings that the plugin declares", () => checkSettingsTable("awskms", plugin.config));

  it("shows the errors that the plugin gives", async () => {
    const keyInfo = { mechanism: 1, keyId: "k", wrappedKey: new Uint8Array(9) };
    const blob = { ciphertext: new Uint8Array(40), iv: new Uint8Array(12), keyInfo };
    const seal = await openSeal(stanza);
    const answered = (code: string, reply: Reply): Promise<CodedError> => {
      stub.reply = () => reply;
      return rejectsWithCode(seal.wrap(new Uint8Array(32)), code);
    };
    const unwrapping = (code: string, reply: Reply, altered: Partial<typeof keyInfo> = {}): Promise<CodedError> => {
      stub.reply = () => reply;
      return rejectsWithCode(seal.unwrap({ ...blob, keyInfo: { ...keyInfo, ...altered } }), code);
    };
    const opened = async (settings: Stanza, code: string): Promise<CodedError> => {
      const other = await openSeal({ ...stanza, ...settings });
      return rejectsWithCode(other.wrap(new Uint8Array(32)), code);
    };
    const invalid = (message: string): Reply => refusal("KMSInvalidStateException", message);
    const abandoned = (over: Seal): Promise<CodedError> => {
      const controller = new AbortController();
      const call = over.unwrap(blob, { signal: controller.signal });
      controller.abort();
      return rejectsWithCode(call, "SEAL_TIMEOUT");
    };
    const withFips = (): Promise<CodedError> => {
      vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "true");
      return opened({}, "SEAL_CONFIG");
    };
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    const withoutCredentials = { access_key: "", secret_key: "", shared_creds_profile: "no-such-profile" };
    const provoked = [
      await opened({ endpoint: "http://127.0.0.1:1" }, "SEAL_UNAVAILABLE"),
      await opened({ role_arn: "arn:aws:iam::1:role/r" }, "SEAL_UNAVAILABLE"),
      await answered("SEAL_UNAVAILABLE", refusal("KMSInternalException")),
      await unwrapping("SEAL_UNAVAILABLE", { status: 503 }),
      await answered("SEAL_UNAVAILABLE", { status: 200, body: "<html>" }),
      await answered("SEAL_THROTTLED", refusal("ThrottlingException")),
      await unwrapping("SEAL_DENIED", refusal("AccessDeniedException")),
      await answered("SEAL_DENIED", refusal("ExpiredTokenException")),
      await answered("SEAL_DENIED", refusal("UnrecognizedClientException")),
      await answered("SEAL_DENIED", refusal("SignatureDoesNotMatch")),
      await answered("SEAL_DENIED", refusal("RequestExpired")),
      await answered("SEAL_DENIED", refusal("OptInRequired")),
      await answered("SEAL_DENIED", refusal("InvalidGrantTokenException")),
      await opened(withoutCredentials, "SEAL_DENIED"),
      await answered("SEAL_KEY_MISSING", refusal("NotFoundException")),
      await unwrapping("SEAL_KEY_MISSING", ENCRYPTED, { keyId: "no key of KMS" }),
      await answered("SEAL_KEY_DISABLED", refusal("DisabledException")),
      await answered("SEAL_KEY_DISABLED", invalid("k is pending deletion.")),
      await answered("SEAL_KEY_DISABLED", invalid("k is pending import.")),
      await unwrapping("SEAL_KEY_DISABLED", invalid("k is unavailable.")),
      await unwrapping("SEAL_BAD_CIPHERTEXT", refusal("IncorrectKeyException")),
      await unwrapping("SEAL_BAD_CIPHERTEXT", refusal("InvalidCiphertextException")),
      await unwrapping("SEAL_BAD_CIPHERTEXT", {
        status: 200,
        body: { Plaintext: Buffer.alloc(32).toString("base64") },
      }),
      await unwrapping("SEAL_BAD_CIPHERTEXT", ENCRYPTED, { mechanism: 2 }),
      await answered("SEAL_CONFIG", refusal("InvalidKeyUsageException")),
      await answered("SEAL_CONFIG", refusal("ValidationException")),
      await opened({ kms_key_id: "", key_not_required: "true" }, "SEAL_CONFIG"),
      await rejectsWithCode(openSeal({ ...stanza, secret_key: "" }), "SEAL_CONFIG"),
      await rejectsWithCode(openSeal({ ...stanza, kms_key_id: "arn:aws:kms:eu-west-1:1:key/k" }), "SEAL_CONFIG"),
      await abandoned(seal),
      await withFips(),
    ];
    checkErrorTable("awskms", provoked);
    await seal.close();
  });

  it("shows a policy that allows the two actions that are asked for, and nothing else", async () => {
    const policy = JSON.parse(/<!-- policy -->\n```json\n([^`]+)```/.exec(page)?.[1] ?? "") as {
      readonly Statement: readonly { readonly Action: readonly string[] }[];
    };
    stub.received.length = 0;
    stub.reply = ({ operation }) =>
      operation === "Encrypt"
        ? ENCRYPTED
        : { status: 200, body: { Plaintext: Buffer.alloc(32).toString("base64"), KeyId: "k" } };
    const seal = await openSeal(stanza);
    await rejectsWithCode(seal.unwrap(await seal.wrap(new Uint8Array(32))), "SEAL_BAD_CIPHERTEXT");
    await seal.close();
    const asked = new Set(stub.received.map(({ operation }) => `kms:${operation}`));
    expect(policy.Statement.flatMap(({ Action }) => Action).sort()).toEqual([...asked].sort());
  });
});
