// SPDX-License-Identifier: Apache-2.0
/** Our Key Vault server, asked by Microsoft's own SDK, and with requests that the SDK does not send. */
import { generateKeyPairSync, publicEncrypt } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { ClientSecretCredential, WorkloadIdentityCredential } from "@azure/identity";
import { CryptographyClient, KeyClient, type KeyVaultKey } from "@azure/keyvault-keys";
import { decodeBlob } from "@sealwright/seal";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Identity, type KeyVaultServer, startKeyVault } from "../src/key-vault/index.ts";

const ALGORITHM = "RSA-OAEP-256";
const dataKey = Buffer.alloc(32, 7);
let vault: KeyVaultServer;
let tls: { tlsOptions: { ca: string } };
let client: KeyClient;

beforeAll(async () => {
  vault = await startKeyVault();
  tls = { tlsOptions: { ca: vault.authority.ca } };
  client = clientOf(vault.admin);
});
afterAll(() => vault.stop());
beforeEach(() => vault.enableKey());
afterEach(() => {
  vault.allow();
  vault.throttle(undefined);
  vault.skewClock(0);
});

function credentialOf({ clientId, clientSecret }: Identity, tenant = vault.tenantId): ClientSecretCredential {
  const options = { authorityHost: vault.authorityHost, disableInstanceDiscovery: true, ...tls };
  return new ClientSecretCredential(tenant, clientId, clientSecret, options);
}

const clientOptions = () => ({ disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 }, ...tls });

function clientOf(identity: Identity): KeyClient {
  return new KeyClient(vault.url, credentialOf(identity), clientOptions());
}

/** A client that asks the service for each operation: it is not given the key, so it cannot do it by itself. */
function remoteClient(identity: Identity, keyId = `${vault.url}/keys/${vault.key}`): CryptographyClient {
  return new CryptographyClient(keyId, credentialOf(identity), clientOptions());
}

async function refusal(call: Promise<unknown>): Promise<{ status: unknown; code: unknown; inner: unknown }> {
  try {
    await call;
  } catch (error) {
    const { statusCode: status, code, details } = error as { statusCode: number; code: string; details: unknown };
    const { error: body } = (details ?? {}) as { error?: { innerError?: { code: string } } };
    return { status, code, inner: body?.innerError?.code };
  }
  throw new Error("nothing was refused");
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: { error?: { code: string; message: string; innererror?: { code: string } }; value?: string };
}

/** A request as it is written here, with a token of `identity` unless that is undefined. */
async function ask(
  method: string,
  path: string,
  { identity, body, token }: { identity?: Identity | undefined; body?: unknown; token?: string },
): Promise<Answer> {
  const bearer =
    token ?? (identity && (await credentialOf(identity).getToken("https://vault.azure.net/.default")).token);
  const headers = bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
  return new Promise((resolve, reject) => {
    const sent = request(`${vault.url}${path}`, { method, headers, ca: vault.authority.ca }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString("utf8");
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text || "{}") });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
}

describe("a request without a token that counts", () => {
  const path = "/keys/autounseal/wrapkey?api-version=7.4";

  it("none at all is 401, with the challenge that names directory and resource", async () => {
    const { status, headers, body } = await ask("POST", path, {});
    expect({ status, code: body.error?.code }).toEqual({ status: 401, code: "Unauthorized" });
    expect(body.error?.message).toBe("AKV10000: Request is missing a Bearer or PoP token.");
    expect(headers["www-authenticate"]).toBe(
      `Bearer authorization="${vault.authorityHost}/${vault.tenantId}", resource="https://vault.azure.net"`,
    );
  });

  it.each(["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])("the token %s is 401", async (token) => {
    expect((await ask("POST", path, { token })).status).toBe(401);
  });

  it("one for another resource is 401", async () => {
    const { token } = await credentialOf(vault.admin).getToken("https://management.azure.com/.default");
    const { status, body } = await ask("POST", path, { token });
    expect({ status, message: body.error?.message }).toEqual({
      status: 401,
      message: "AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://management.azure.com.",
    });
  });

  it("one that has expired, or is not valid yet, is 401", async () => {
    for (const [milliseconds, reason] of [
      [4_000_000, "IDX10223"],
      [-600_000, "IDX10222"],
    ] as const) {
      vault.skewClock(milliseconds);
      const { status, body } = await ask("POST", path, { identity: vault.admin });
      expect([status, body.error?.message]).toEqual([401, expect.stringContaining(reason)]);
    }
  });
});

describe("a request that is wrong", () => {
  const wrap = (body: unknown, path = "/keys/autounseal/wrapkey?api-version=7.4") =>
    ask("POST", path, { identity: vault.admin, body });
  const value = dataKey.toString("base64url");

  it.each([
    ["without a version of the interface", "/keys/autounseal/wrapkey", { alg: ALGORITHM, value }],
    ["with an unknown one", "/keys/autounseal/wrapkey?api-version=1.0", { alg: ALGORITHM, value }],
    ["with a name that no key can have", "/keys/a_b/wrapkey?api-version=7.4", { alg: ALGORITHM, value }],
    ["without an algorithm", undefined, { value }],
    ["with an unknown algorithm", undefined, { alg: "RSA-OAEP-1024", value }],
    ["with an algorithm of another kind of key", undefined, { alg: "A256KW", value }],
    ["without a value", undefined, { alg: ALGORITHM }],
    ["with padded base64", undefined, { alg: ALGORITHM, value: dataKey.toString("base64") }],
    ["with more than the key can hold", undefined, { alg: ALGORITHM, value: Buffer.alloc(191).toString("base64url") }],
    ["with a body that is no JSON", undefined, "{"],
  ])("%s is 400 BadParameter", async (_what, path, body) => {
    const answer = await wrap(body, path);
    expect({ status: answer.status, code: answer.body.error?.code }).toEqual({ status: 400, code: "BadParameter" });
  });

  it("to a path that is none is 405", async () => {
    for (const path of ["/secrets/a", "/keys/autounseal/sign", "/keys/a/b/c/wrapkey", "/"]) {
      expect([path, (await wrap({}, `${path}?api-version=7.4`)).status]).toEqual([path, 405]);
    }
  });
});

describe("wrap and unwrap", () => {
  it.each(["RSA1_5", "RSA-OAEP", "RSA-OAEP-256"] as const)("give a key back by %s", async (algorithm) => {
    const remote = remoteClient(vault.identity);
    const { result } = await remote.wrapKey(algorithm, dataKey);
    expect(result).toHaveLength(256);
    expect(Buffer.from((await remote.unwrapKey(algorithm, result)).result)).toEqual(dataKey);
  });

  it("use the newest version where none is named, with an empty segment or without, and say which", async () => {
    const key = await client.createKey("versions", "RSA");
    const { properties } = await client.rotateKey("versions");
    expect(properties.version).not.toBe(key.properties.version);
    for (const path of ["/keys/versions/wrapkey", "/keys/versions//wrapkey", "//keys/versions/WrapKey"]) {
      const body = { alg: ALGORITHM, value: dataKey.toString("base64url") };
      const answer = await ask("POST", `${path}?api-version=7.4`, { identity: vault.identity, body });
      expect(answer.body).toMatchObject({ kid: `${vault.url}/keys/versions/${properties.version}` });
    }
  });

  it("open by the version that is named what was wrapped outside by its public key", async () => {
    const key = await client.createKey("outside", "RSA");
    await client.rotateKey("outside");
    const { n, e } = key.key ?? {};
    const jwk = {
      kty: "RSA",
      n: Buffer.from(n ?? []).toString("base64url"),
      e: Buffer.from(e ?? []).toString("base64url"),
    };
    const wrapped = publicEncrypt({ key: jwk, format: "jwk", oaepHash: "sha256" }, dataKey);
    const { result } = await remoteClient(vault.identity, key.id).unwrapKey(ALGORITHM, wrapped);
    expect(Buffer.from(result)).toEqual(dataKey);
    const newest = remoteClient(vault.identity, `${vault.url}/keys/outside`);
    expect(await refusal(newest.unwrapKey(ALGORITHM, wrapped))).toEqual({ status: 400, code: "BadParameter" });
  });

  it("refuse what was altered or cut short with 400 BadParameter", async () => {
    const remote = remoteClient(vault.identity);
    const { result } = await remote.wrapKey(ALGORITHM, dataKey);
    const flipped = Buffer.from(result);
    flipped[9]! ^= 1;
    for (const bytes of [flipped, result.slice(1), Buffer.alloc(256, 255)]) {
      expect(await refusal(remote.unwrapKey(ALGORITHM, bytes))).toEqual({ status: 400, code: "BadParameter" });
    }
  });

  it("encrypt and decrypt are the same by other names and permissions", async () => {
    const both = vault.addIdentity(["encrypt", "decrypt"]);
    const { result } = await remoteClient(both).encrypt("RSA-OAEP", dataKey);
    expect(Buffer.from((await remoteClient(both).decrypt("RSA-OAEP", result)).result)).toEqual(dataKey);
    expect(await refusal(remoteClient(vault.identity).decrypt("RSA-OAEP", result))).toMatchObject({ status: 403 });
  });
});

describe("who may not", () => {
  it("read the key may still wrap and unwrap", async () => {
    expect(await refusal(clientOf(vault.identity).getKey(vault.key))).toEqual({
      status: 403,
      code: "Forbidden",
      inner: "AccessDenied",
    });
    expect((await remoteClient(vault.identity).wrapKey(ALGORITHM, dataKey)).result).toHaveLength(256);
  });

  it("wrap is 403, and unwraps; who may not unwrap wraps", async () => {
    const { result } = await remoteClient(vault.identity).wrapKey(ALGORITHM, dataKey);
    vault.deny("wrapKey");
    expect(await refusal(remoteClient(vault.identity).wrapKey(ALGORITHM, dataKey))).toMatchObject({
      inner: "AccessDenied",
    });
    await remoteClient(vault.identity).unwrapKey(ALGORITHM, result);
    vault.allow();
    vault.deny("unwrapKey");
    await remoteClient(vault.identity).wrapKey(ALGORITHM, dataKey);
    expect(await refusal(remoteClient(vault.identity).unwrapKey(ALGORITHM, result))).toMatchObject({ status: 403 });
  });

  it("has not even the right to learn that a key is missing", async () => {
    const answer = await ask("GET", "/keys/none?api-version=7.4", { identity: vault.identity });
    expect(answer.status).toBe(403);
  });

  it("change keys cannot", async () => {
    const seal = clientOf(vault.identity);
    for (const call of [
      seal.createKey("mine", "RSA"),
      seal.rotateKey(vault.key),
      seal.beginDeleteKey(vault.key),
      seal.purgeDeletedKey(vault.key),
      seal.updateKeyProperties(vault.key, { enabled: false }),
      seal.listPropertiesOfKeys().next(),
    ]) {
      expect(await refusal(call)).toMatchObject({ status: 403, code: "Forbidden" });
    }
  });
});

describe("a key that cannot be used", () => {
  it("disabled is 403 KeyDisabled, until it is enabled", async () => {
    const remote = remoteClient(vault.identity);
    const { result } = await remote.wrapKey(ALGORITHM, dataKey);
    vault.disableKey();
    const disabled = { status: 403, code: "Forbidden", inner: "KeyDisabled" };
    expect(await refusal(remote.wrapKey(ALGORITHM, dataKey))).toEqual(disabled);
    expect(await refusal(remote.unwrapKey(ALGORITHM, result))).toEqual(disabled);
    vault.enableKey();
    await remote.unwrapKey(ALGORITHM, result);
  });

  it("expired, or not yet valid, wraps no more but still unwraps", async () => {
    await client.createKey("dated", "RSA");
    const remote = remoteClient(vault.identity, `${vault.url}/keys/dated`);
    const { result } = await remote.wrapKey(ALGORITHM, dataKey);
    for (const dates of [{ expiresOn: new Date(1_000_000) }, { notBefore: new Date(Date.now() + 60_000) }]) {
      await client.updateKeyProperties("dated", dates);
      expect(await refusal(remote.wrapKey(ALGORITHM, dataKey))).toMatchObject({ status: 403, code: "Forbidden" });
      expect(Buffer.from((await remote.unwrapKey(ALGORITHM, result)).result)).toEqual(dataKey);
    }
  });

  it("not made for it is 403 KeyOperationForbidden", async () => {
    await client.createKey("signing", "RSA", { keyOps: ["sign", "verify"] });
    await client.createKey("curve", "EC", { curve: "P-256" });
    for (const name of ["signing", "curve"]) {
      const remote = remoteClient(vault.identity, `${vault.url}/keys/${name}`);
      expect(await refusal(remote.wrapKey(ALGORITHM, dataKey))).toMatchObject({ inner: "KeyOperationForbidden" });
    }
  });

  it("missing, by name or version, is 404 KeyNotFound", async () => {
    for (const id of ["none", `${vault.key}/${"0".repeat(32)}`]) {
      const remote = remoteClient(vault.identity, `${vault.url}/keys/${id}`);
      expect(await refusal(remote.wrapKey(ALGORITHM, dataKey))).toEqual({ status: 404, code: "KeyNotFound" });
    }
  });
});

describe("the life of a key", () => {
  it("is created with what was asked for, and listed with its versions", async () => {
    const key = await client.createKey("life", "RSA-HSM", { keySize: 3072, keyOps: ["wrapKey"], tags: { a: "b" } });
    expect(key).toMatchObject({ keyType: "RSA-HSM", keyOperations: ["wrapKey"], properties: { tags: { a: "b" } } });
    expect(key.key?.n).toHaveLength(384);
    const next = await client.rotateKey("life");
    expect(next).toMatchObject({ keyType: "RSA-HSM", keyOperations: ["wrapKey"], properties: { tags: { a: "b" } } });
    const versions: (string | undefined)[] = [];
    for await (const { version } of client.listPropertiesOfKeyVersions("life")) versions.push(version);
    expect(versions).toEqual([key.properties.version, next.properties.version]);
    expect((await client.getKey("life")).id).toBe(next.id);
    expect((await client.getKey("life", { version: key.properties.version! })).id).toBe(key.id);
  });

  it("lists come in pages", async () => {
    for (let index = 0; index < 26; index++) await client.createKey("pages", "EC");
    const versions: KeyVaultKey["properties"][] = [];
    for await (const each of client.listPropertiesOfKeyVersions("pages")) versions.push(each);
    expect(new Set(versions.map(({ version }) => version)).size).toBe(26);
  });

  it("deleted, its name is taken and it is missing, until it is recovered; purged, it is gone", async () => {
    const { id } = await client.createKey("mortal", "RSA");
    const remote = remoteClient(vault.identity, `${vault.url}/keys/mortal`);
    const { result } = await remote.wrapKey(ALGORITHM, dataKey);
    const deleted = await (await client.beginDeleteKey("mortal")).pollUntilDone();
    expect(deleted.properties).toMatchObject({ recoverableDays: 90 });
    expect(await refusal(remote.unwrapKey(ALGORITHM, result))).toEqual({ status: 404, code: "KeyNotFound" });
    expect(await refusal(client.createKey("mortal", "RSA"))).toEqual({
      status: 409,
      code: "Conflict",
      inner: "ObjectIsDeletedButRecoverable",
    });
    expect((await (await client.beginRecoverDeletedKey("mortal")).pollUntilDone()).id).toBe(id);
    expect(Buffer.from((await remote.unwrapKey(ALGORITHM, result)).result)).toEqual(dataKey);
    await (await client.beginDeleteKey("mortal")).pollUntilDone();
    await client.purgeDeletedKey("mortal");
    expect(await refusal(client.getDeletedKey("mortal"))).toEqual({ status: 404, code: "KeyNotFound" });
    expect((await client.createKey("mortal", "RSA")).id).not.toBe(id);
  });

  it("is imported, and refused where it is none", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk: Record<string, unknown> = { ...privateKey.export({ format: "jwk" }) };
    const bytes = Object.fromEntries(
      ["n", "e", "d", "p", "q", "dp", "dq", "qi"].map((name) => [name, Buffer.from(String(jwk[name]), "base64url")]),
    );
    const key = await client.importKey("imported", { kty: "RSA", ...bytes });
    expect(Buffer.from(key.key?.n ?? []).toString("base64url")).toBe(jwk.n);
    expect(await refusal(client.importKey("public", { kty: "RSA", n: bytes.n!, e: bytes.e! }))).toMatchObject({
      status: 400,
    });
  });
});

describe("the directory", () => {
  const scope = "https://vault.azure.net/.default";
  const token = (credential: { getToken(scope: string): Promise<unknown> }) => credential.getToken(scope);

  it.each([
    ["a wrong secret", 7_000_215, () => credentialOf({ ...vault.admin, clientSecret: "wrong" })],
    ["an unknown client", 700_016, () => credentialOf({ ...vault.admin, clientId: "nobody" })],
  ])("refuses %s by its AADSTS number", async (_what, number, credential) => {
    await expect(token(credential())).rejects.toThrow(`AADSTS${number}`);
  });

  it("refuses an unknown tenant", async () => {
    await expect(token(credentialOf(vault.admin, "00000000-0000-0000-0000-000000000000"))).rejects.toThrow();
  });

  it("refuses a secret after its last day", async () => {
    const old = vault.addIdentity([]);
    old.secretExpired = true;
    await expect(token(credentialOf(old))).rejects.toThrow("AADSTS7000222");
  });

  it("takes the federated token of a workload, and no other", async () => {
    const { AZURE_FEDERATED_TOKEN_FILE: tokenFilePath = "" } = vault.workloadEnvironment;
    const ids = { tenantId: vault.tenantId, clientId: vault.identity.clientId };
    const options = { authorityHost: vault.authorityHost, disableInstanceDiscovery: true, ...tls, ...ids };
    const credential = new WorkloadIdentityCredential({ ...options, tokenFilePath });
    expect((await credential.getToken(scope))?.token).toMatch(/^ey/);
    const wrong = new WorkloadIdentityCredential({ ...options, tokenFilePath: import.meta.filename });
    await expect(token(wrong)).rejects.toThrow("AADSTS700211");
  });
});

describe("faults on command", () => {
  const body = { alg: ALGORITHM, value: dataKey.toString("base64url") };
  const wrap = () => ask("POST", "/keys/autounseal/wrapkey?api-version=7.4", { identity: vault.identity, body });

  it("throttled is 429 with Retry-After, until it is not", async () => {
    vault.throttle(7);
    const { status, headers, body } = await wrap();
    expect([status, headers["retry-after"], body.error?.code]).toEqual([429, "7", "Throttled"]);
    vault.throttle(undefined);
    expect((await wrap()).status).toBe(200);
  });

  it("offline refuses connections, and is back on the same port with its keys", async () => {
    await vault.offline();
    await expect(wrap()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await vault.online();
    expect((await wrap()).status).toBe(200);
  });

  it("slow answers late", async () => {
    vault.slow(300);
    const start = performance.now();
    expect((await wrap()).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(290);
    vault.slow(0);
  });

  it("deleted and recovered, the seal's key is the same", async () => {
    const { version } = vault.keys.get(vault.key);
    vault.deleteKey();
    expect((await wrap()).status).toBe(404);
    vault.recoverKey();
    expect((await wrap()).body).toMatchObject({ kid: `${vault.url}/keys/${vault.key}/${version}` });
  });

  it("tells every call: who asked for what, with which key", async () => {
    const before = vault.calls.length;
    await wrap();
    await ask("GET", "/keys/none?api-version=7.4", { identity: vault.admin });
    expect(vault.calls.slice(before)).toEqual([
      { operation: "wrapKey", key: vault.key, version: "", clientId: vault.identity.clientId },
      { operation: "get", key: "none", version: "", clientId: vault.admin.clientId },
    ]);
  });
});

it("takes a key as PEM, and none that is public", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const version = "0123456789abcdef0123456789abcdef";
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  expect(vault.importKey("pem", pem, version)).toMatchObject({ name: "pem", version, kty: "RSA" });
  expect(() => vault.importKey("pem", publicKey.export({ type: "spki", format: "pem" }).toString())).toThrow();
});

describe("what OpenBao 2.6.2 wrapped with another emulator", () => {
  const fixture = new URL("../../../test/fixtures/azurekeyvault-lowkey/", import.meta.url);
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, fixture), "utf8"));

  it.each(["core/hsm/_barrier-unseal-keys", "core/_recovery-key"])("opens with its imported key: %s", async (path) => {
    const { kid_version, jwk } = read("key.json") as { kid_version: string; jwk: Record<string, unknown> };
    if (!vault.keys.list().some(({ name }) => name === "bao-seal")) vault.importKey("bao-seal", jwk, kid_version);
    const { Value: value } = read(`data/${path}`) as { Value: string };
    const { wrappedKey, keyId } = decodeBlob(Buffer.from(value, "base64")).keyInfo!;
    expect(keyId).toBe(kid_version);
    const remote = remoteClient(vault.identity, `${vault.url}/keys/bao-seal/${keyId}`);
    const { result } = await remote.unwrapKey(ALGORITHM, wrappedKey!);
    const expected = read("expected.json") as Record<string, { dek: string }>;
    expect(Buffer.from(result).toString("hex")).toBe(expected[path]?.dek);
  });
});
