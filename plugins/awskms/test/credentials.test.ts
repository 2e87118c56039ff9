// SPDX-License-Identifier: Apache-2.0
/** Whose credentials sign the requests: seen by a server that poses as KMS, STS and the instance's metadata service. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stanza } from "@sealwright/seal";
import { type CodedError, rejectsWithCode } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openSeal } from "./support/open-seal.ts";
import { assumed, ENCRYPTED, type Received, type StubAws, startStubAws } from "./support/stub-aws.ts";

const folder = mkdtempSync(join(tmpdir(), "sealwright-awskms-"));
const ROLE = "arn:aws:iam::111122223333:role/unseal";
const keys = { access_key: "AKIASTANZA", secret_key: "very-secret" };

let stub: StubAws;
let files = 0;

/** A file of its own for every test: the SDK remembers what it read. */
function file(text: string): string {
  const path = join(folder, `file-${++files}`);
  writeFileSync(path, text);
  return path;
}

/** A section of a shared credentials file. */
function profile(name: string, accessKey: string): string {
  return `[${name}]\naws_access_key_id = ${accessKey}\naws_secret_access_key = s\n`;
}

beforeAll(async () => {
  stub = await startStubAws();
});
beforeEach(() => {
  stub.received.length = 0;
  stub.reply = ({ operation }) => (operation === "Encrypt" ? ENCRYPTED : assumed(operation, "ASIAROLE"));
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_ENDPOINT_URL_STS", stub.address);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "none"));
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});

async function wrapWith(settings: Stanza): Promise<void> {
  const seal = await openSeal({ kms_key_id: "k", region: "eu-central-1", endpoint: stub.address, ...settings });
  try {
    await seal.wrap(Buffer.from("root key"));
  } finally {
    await seal.close();
  }
}

/** The requests of one wrap. The last one is the `Encrypt`. */
async function requestsWith(settings: Stanza): Promise<Received[]> {
  await wrapWith(settings);
  return stub.received;
}

describe("the block's credentials", () => {
  test("keys and a session token sign", async () => {
    const [encrypt] = await requestsWith({ ...keys, session_token: "tok" });
    expect(encrypt).toMatchObject({ operation: "Encrypt", accessKey: "AKIASTANZA", sessionToken: "tok" });
  });

  test("keys win over the variables", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAVARIABLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    expect((await requestsWith(keys))[0]).toMatchObject({ accessKey: "AKIASTANZA", sessionToken: undefined });
  });

  test("may stand in files and variables", async () => {
    const settings = { access_key: `file://${file("AKIAFILE\n")}`, secret_key: `file://${file("very-secret")}` };
    expect((await requestsWith(settings))[0]).toMatchObject({ accessKey: "AKIAFILE" });
  });

  test("a shared file and profile sign, over the variables", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAVARIABLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    const path = file(profile("default", "AKIADEFAULT") + profile("app", "AKIAAPP"));
    expect((await requestsWith({ shared_creds_filename: path }))[0]).toMatchObject({ accessKey: "AKIADEFAULT" });
    const requests = await requestsWith({ shared_creds_filename: path, shared_creds_profile: "app" });
    expect(requests.at(-1)).toMatchObject({ accessKey: "AKIAAPP" });
  });

  test("a role is assumed with the keys, under the session's name", async () => {
    const [assume, encrypt] = await requestsWith({ ...keys, role_arn: ROLE, role_session_name: "server-1" });
    expect(assume).toMatchObject({ operation: "AssumeRole", accessKey: "AKIASTANZA" });
    expect(new URLSearchParams(assume?.body).get("RoleArn")).toBe(ROLE);
    expect(new URLSearchParams(assume?.body).get("RoleSessionName")).toBe("server-1");
    expect(encrypt).toMatchObject({ operation: "Encrypt", accessKey: "ASIAROLE", sessionToken: "token of ASIAROLE" });
  });

  test("a web identity is exchanged for the role, unsigned, and read anew for every seal", async () => {
    const token = file("first-token");
    const settings = { web_identity_token_file: token, role_arn: ROLE };
    const [exchange, encrypt] = await requestsWith(settings);
    expect(exchange).toMatchObject({ operation: "AssumeRoleWithWebIdentity", accessKey: undefined });
    expect(new URLSearchParams(exchange?.body).get("WebIdentityToken")).toBe("first-token");
    expect(encrypt).toMatchObject({ accessKey: "ASIAROLE" });
    writeFileSync(token, "second-token");
    await wrapWith(settings);
    expect(new URLSearchParams(stub.received[2]?.body).get("WebIdentityToken")).toBe("second-token");
  });
});

describe("the SDK's own chain, where the block has none", () => {
  test("variables", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAVARIABLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    expect((await requestsWith({}))[0]).toMatchObject({ accessKey: "AKIAVARIABLE" });
  });

  test("the shared credentials file", async () => {
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file(profile("default", "AKIASHARED")));
    expect((await requestsWith({}))[0]).toMatchObject({ accessKey: "AKIASHARED" });
  });

  test("a web identity, as Kubernetes gives it", async () => {
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", file("pod-token"));
    vi.stubEnv("AWS_ROLE_ARN", ROLE);
    const [exchange, encrypt] = await requestsWith({ role_session_name: "server-1" });
    expect(new URLSearchParams(exchange?.body).get("RoleSessionName")).toBe("server-1");
    expect(encrypt).toMatchObject({ accessKey: "ASIAROLE" });
  });

  test("the instance's role", async () => {
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", stub.address);
    stub.reply = ({ operation, path }) => {
      if (operation === "Encrypt") return ENCRYPTED;
      if (path.endsWith("/api/token")) return { status: 200, body: "imds-token" };
      if (path.endsWith("/security-credentials/")) return { status: 200, body: "unseal-role" };
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      const credentials = { AccessKeyId: "ASIAINSTANCE", SecretAccessKey: "s", Token: "instance token", Expiration };
      return {
        status: 200,
        body: { Code: "Success", LastUpdated: "2026-01-01T00:00:00Z", Type: "AWS-HMAC", ...credentials },
      };
    };
    expect((await requestsWith({})).at(-1)).toMatchObject({
      accessKey: "ASIAINSTANCE",
      sessionToken: "instance token",
    });
  });
});

describe("no credentials are SEAL_DENIED, and the error says where they were looked for", () => {
  const refused = async (settings: Stanza, code = "SEAL_DENIED"): Promise<CodedError> => {
    const error = await rejectsWithCode(wrapWith(settings), code);
    expect(`${error.message} ${error.advice}`).not.toContain("very-secret");
    expect(stub.received.map(({ operation }) => operation)).not.toContain("Encrypt");
    return error;
  };

  test("none anywhere", async () => {
    expect((await refused({})).message).toContain("no AWS credentials in the variables, the shared configuration");
  });

  test("a profile that is not there", async () => {
    const { message, advice } = await refused({ shared_creds_profile: "no-such" });
    expect(message).toContain("in the shared profile no-such");
    expect(advice).toContain("check shared_creds_filename and shared_creds_profile");
  });

  test("a web identity whose file is not there", async () => {
    const error = await refused({ web_identity_token_file: join(folder, "no-token"), role_arn: ROLE });
    expect(error.message).toContain(`for the role ${ROLE}`);
  });

  test("a role that may not be assumed", async () => {
    const error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>";
    const headers = { "Content-Type": "text/xml" };
    stub.reply = () => ({ status: 403, headers, body: `<ErrorResponse>${error}</ErrorResponse>` });
    const { message, advice } = await refused({ ...keys, role_arn: ROLE });
    expect(message).toContain(`for the role ${ROLE}`);
    expect(advice).toContain("trust policy");
  });

  test("STS that is not reached is SEAL_UNAVAILABLE instead", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    const { message } = await refused({ ...keys, role_arn: ROLE }, "SEAL_UNAVAILABLE");
    expect(message).toContain("what gives AWS credentials is not reached: nothing listens there");
  });
});
