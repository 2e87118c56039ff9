// SPDX-License-Identifier: Apache-2.0
/** Every way to get a token, and what is said where there is none. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Seal, Stanza } from "@sealwright/seal";
import { type CodedError, type FaultProxy, rejectsWithCode, startFaultProxy } from "@sealwright/testing";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openSeal } from "./support/open-seal.ts";

const dataKey = Buffer.alloc(32, 7);
let vault: KeyVaultServer;
let login: FaultProxy;
let folder: string;
/** A stanza without anything of a login. */
let place: Stanza;
let ids: { tenant_id: string; client_id: string };

beforeAll(async () => {
  vault = await startKeyVault();
  login = await startFaultProxy({ port: Number(new URL(vault.authorityHost).port) });
  folder = await mkdtemp(join(tmpdir(), "sealwright-login-"));
  const { tenant_id = "", client_id = "", client_secret: _, ...rest } = vault.config;
  ids = { tenant_id, client_id };
  place = { ...rest, authority_host: `https://${login.address}` };
  // The SDK looks for the machine's identity once in a process, and keeps where it found it.
  for (const [name, value] of Object.entries(vault.machineEnvironment)) vi.stubEnv(name, value);
});
afterEach(() => vault.skewClock(0));
afterAll(async () => {
  vi.unstubAllEnvs();
  await login.stop();
  await vault.stop();
  await rm(folder, { recursive: true, force: true });
});

async function withSeal<T>(stanza: Stanza, body: (seal: Seal) => Promise<T>): Promise<T> {
  const seal = await openSeal(stanza);
  try {
    return await body(seal);
  } finally {
    await seal.close();
  }
}

const works = (stanza: Stanza): Promise<void> =>
  withSeal(stanza, async (seal) => {
    expect(Buffer.from(await seal.unwrap(await seal.wrap(dataKey)))).toEqual(dataKey);
  });

const refused = (stanza: Stanza, code: string): Promise<CodedError> =>
  withSeal(stanza, (seal) => rejectsWithCode(seal.wrap(dataKey), code));

/** A PEM file with a certificate of a new client, and its key; answers its path and the client's id. */
async function certified(name: string, passphrase?: string): Promise<{ cert_path: string; client_id: string }> {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { cert } = vault.authority.issue([name], keys);
  const encrypted = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  const key = keys.privateKey.export({ type: "pkcs8", format: "pem", ...encrypted });
  const cert_path = join(folder, `${name}.pem`);
  await writeFile(cert_path, `${cert}${key}`);
  return { cert_path, client_id: vault.addIdentity(["wrapKey", "unwrapKey"], cert).clientId };
}

describe("the seal logs in", () => {
  test("by a client secret, without being told how", async () => {
    await works({ ...place, ...ids, client_secret: vault.identity.clientSecret });
  });

  test("by a certificate", async () => {
    await works({ ...place, ...ids, ...(await certified("plain")), auth_method: "certificate" });
  });

  test("by a certificate whose key has a passphrase", async () => {
    const stanza = { ...place, ...ids, ...(await certified("locked", "open sesame")), auth_method: "certificate" };
    await works({ ...stanza, cert_password: "open sesame" });
    for (const cert_password of ["wrong", ""]) {
      const { message } = await rejectsWithCode(openSeal({ ...stanza, cert_password }), "SEAL_CONFIG");
      expect(message).toContain("that cert_password opens");
    }
  });

  test("by the machine's identity: the only one, by client id without being told how, or by resource id", async () => {
    await works({ ...place, auth_method: "managed_identity" });
    await works({ ...place, client_id: ids.client_id });
    const resource = { managed_id_kind: "resource_id", resource_id: vault.identityResourceId };
    await works({ ...place, auth_method: "managed_identity", ...resource });
  });

  test("by the federated token of a pod", async () => {
    const { AZURE_FEDERATED_TOKEN_FILE = "" } = vault.workloadEnvironment;
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", AZURE_FEDERATED_TOKEN_FILE);
    await works({ ...place, ...ids, auth_method: "workload_identity" });
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", import.meta.filename);
    const { message } = await refused({ ...place, ...ids, auth_method: "workload_identity" }, "SEAL_DENIED");
    expect(message).toContain("the federated token is not one that this application trusts");
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", undefined);
  });

  test("by the environment alone, and by the default chain", async () => {
    vi.stubEnv("AZURE_TENANT_ID", ids.tenant_id);
    vi.stubEnv("AZURE_CLIENT_ID", ids.client_id);
    vi.stubEnv("AZURE_CLIENT_SECRET", vault.identity.clientSecret);
    await works({ ...place, auth_method: "environment" });
    await works({ ...place, auth_method: "default" });
    await works(place);
    for (const name of ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]) vi.stubEnv(name, undefined);
  });
});

describe("no token: SEAL_DENIED, and the reason is named", () => {
  const secret = () => ({ ...place, ...ids, client_secret: vault.identity.clientSecret });

  test("a wrong secret, which is not shown", async () => {
    const { message, advice, cause, stack } = await refused({ ...secret(), client_secret: "wr0ng" }, "SEAL_DENIED");
    expect(message).toContain("refuses a token for the key autounseal");
    expect(message).toContain("the client secret is wrong");
    expect(advice).toBe("give the secret's value, not its id");
    for (const text of [message, String(cause), stack]) expect(text).not.toContain("wr0ng");
  });

  test("a secret after its last day", async () => {
    const old = vault.addIdentity(["wrapKey"]);
    old.secretExpired = true;
    const stanza = { ...place, ...ids, client_id: old.clientId, client_secret: old.clientSecret };
    expect((await refused(stanza, "SEAL_DENIED")).message).toContain("the client secret has expired");
  });

  test("an application, and a tenant, that is not there", async () => {
    const application = await refused({ ...secret(), client_id: "nobody" }, "SEAL_DENIED");
    expect(application.message).toContain("the tenant has no such application");
    const tenant_id = "00000000-0000-0000-0000-000000000000";
    expect((await refused({ ...secret(), tenant_id }, "SEAL_DENIED")).message).toContain("it knows no such tenant");
  });

  test("a certificate that the application does not have", async () => {
    const [own, other] = [await certified("own"), await certified("other")];
    const stanza = { ...place, ...ids, client_id: own.client_id, cert_path: other.cert_path };
    const { message } = await refused({ ...stanza, auth_method: "certificate" }, "SEAL_DENIED");
    expect(message).toContain("the application does not have this certificate");
  });

  test("an identity that the machine does not have", async () => {
    const { message } = await refused({ ...place, client_id: "another" }, "SEAL_DENIED");
    expect(message).toContain("refuses a token for the key autounseal");
  });

  test("an environment with nothing in it", async () => {
    const { message, advice } = await refused({ ...place, auth_method: "environment" }, "SEAL_DENIED");
    expect(message).toBe(`there are no credentials for the key autounseal of ${vault.url} (auth_method environment)`);
    expect(advice).toContain("give this machine an identity");
  });

  test("a token of another tenant than the vault's, and of a clock that differs", async () => {
    const other = await startKeyVault();
    const caFile = join(folder, "both.pem");
    await writeFile(caFile, `${vault.authority.ca}${other.authority.ca}`);
    const stanza = { ...other.config, vault_url: vault.url, tls_ca_cert: caFile };
    expect((await refused(stanza, "SEAL_DENIED")).message).toContain("it is of another tenant");
    await other.stop();
    for (const milliseconds of [7_200_000, -7_200_000]) {
      vault.skewClock(milliseconds);
      const { message, advice } = await refused(secret(), "SEAL_DENIED");
      expect(message).toContain("its clock and this machine's differ by minutes");
      expect(advice).toBe("set this machine's clock");
    }
  });
});

describe("the directory is not reached: SEAL_UNAVAILABLE, and told from the vault", () => {
  test("down, and then back", async () => {
    await login.offline();
    const stanza = { ...place, ...ids, client_secret: vault.identity.clientSecret };
    const seal = await openSeal(stanza);
    const { message } = await rejectsWithCode(seal.wrap(dataKey), "SEAL_UNAVAILABLE");
    expect(message).toBe(
      `https://${login.address}, which has the token for the key autounseal of ${vault.url}, is not reached: nothing ` +
        "listens there",
    );
    await login.online();
    expect(Buffer.from(await seal.unwrap(await seal.wrap(dataKey)))).toEqual(dataKey);
    await seal.close();
  });

  test("hanging: the call ends with its signal", async () => {
    login.set({ kind: "black hole" });
    const stanza = { ...place, ...ids, client_secret: vault.identity.clientSecret };
    await withSeal(stanza, (seal) =>
      rejectsWithCode(seal.wrap(dataKey, { signal: AbortSignal.timeout(100) }), "SEAL_TIMEOUT"),
    );
    login.set({ kind: "none" });
  });
});

describe("the vault's question for a token", () => {
  test("for another resource than the configured one is SEAL_CONFIG, and the directory is not asked", async () => {
    const before = login.connections;
    const stanza = { ...place, ...ids, client_secret: vault.identity.clientSecret, resource: "vault.azure.cn" };
    const { message, advice } = await refused(stanza, "SEAL_CONFIG");
    expect(message).toContain("asks for a token that is not for vault.azure.cn");
    expect(advice).toContain("set resource");
    expect(login.connections).toBe(before);
  });

  test("comes before any key leaves: the first request has no body", async () => {
    const received: { authorization: string | undefined; bytes: number }[] = [];
    const certificate = vault.authority.issue(["127.0.0.1"]);
    const stranger = createServer(certificate, async (request, response) => {
      let bytes = 0;
      for await (const chunk of request as AsyncIterable<Buffer>) bytes += chunk.length;
      received.push({ authorization: request.headers.authorization, bytes });
      response.writeHead(401, { "WWW-Authenticate": 'Bearer resource="https://elsewhere.example.com"' }).end();
    });
    stranger.listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const { port } = stranger.address() as AddressInfo;
    const stanza = { ...place, ...ids, client_secret: vault.identity.clientSecret };
    await refused({ ...stanza, vault_url: `https://127.0.0.1:${port}` }, "SEAL_CONFIG");
    expect(received).toEqual([{ authorization: undefined, bytes: 0 }]);
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
  });

  test("for further claims is answered with a new token, once", async () => {
    const claims = Buffer.from('{"access_token":{"nbf":{"essential":true,"value":"1"}}}').toString("base64");
    const challenge =
      `Bearer authorization="${vault.authorityHost}/${vault.tenantId}", resource="https://vault.azure.net", ` +
      `error="insufficient_claims", claims="${claims}"`;
    let left = 0;
    vault.answerWith(() =>
      left-- > 0 ? { status: 401, body: {}, headers: { "WWW-Authenticate": challenge } } : undefined,
    );
    const stanza = { ...place, ...ids, client_secret: vault.identity.clientSecret };
    await withSeal(stanza, async (seal) => {
      for (const _ of ["the first request", "a later one"]) {
        left = 1;
        expect((await seal.wrap(dataKey)).ciphertext).toHaveLength(48);
      }
      left = 9;
      await rejectsWithCode(seal.wrap(dataKey), "SEAL_DENIED");
    });
    vault.answerWith(undefined);
  });
});
