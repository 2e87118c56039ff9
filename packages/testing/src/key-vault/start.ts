// SPDX-License-Identifier: Apache-2.0
/**
 * Azure Key Vault, for tests: a server of ours that speaks its protocol over TLS, with the directory that its clients get
 * tokens from and the endpoint of a managed identity. It is not Microsoft's, and keeps nothing on disk.
 */
import { createPrivateKey, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTestAuthority, type TestAuthority } from "../certificates.ts";
import type { KeyCall } from "./data-plane.ts";
import { type Identity, KEY_PERMISSIONS, type KeyPermission } from "./identities.ts";
import { KeyStore, type KeyVersion } from "./keys.ts";
import { listen, type Reply } from "./listener.ts";
import { answerLogin } from "./login.ts";
import { answerMachine, type Machine } from "./managed-identity.ts";
import { Tenant } from "./tenant.ts";
import { answerVault, type Vault } from "./vault.ts";

const KEY_NAME = "autounseal";
const VAULT_NAME = "sealwright-test";

/** A Key Vault that runs, with one RSA key for a seal. */
export interface KeyVaultServer {
  /** Where the vault answers, without a slash at the end. */
  readonly url: string;
  /** The port of the vault, for a proxy before it. */
  readonly port: number;
  /** Where the directory answers: what SDKs call the authority host. */
  readonly authorityHost: string;
  readonly tenantId: string;
  /** The authority that signed the certificates of both; for certificates of a proxy or an identity, too. */
  readonly authority: TestAuthority;
  /** A file with its certificate. */
  readonly caFile: string;
  /** The name of the seal's key. */
  readonly key: string;
  /** An identity that may do what a seal does, wrap and unwrap, and nothing else. */
  readonly identity: Identity;
  /** An identity with every permission. */
  readonly admin: Identity;
  /** The settings of a `seal "azurekeyvault"` with that key and {@link identity}. */
  readonly config: Readonly<Record<string, string>>;
  /** The environment in which a client has {@link identity} as its managed identity on a virtual machine. */
  readonly machineEnvironment: Readonly<Record<string, string>>;
  /** The environment in which a client has {@link identity} as its workload identity in Kubernetes. */
  readonly workloadEnvironment: Readonly<Record<string, string>>;
  /** What the managed identity is called in Azure's resource manager. */
  readonly identityResourceId: string;
  /** Every authenticated request to the vault so far, refused ones too. */
  readonly calls: readonly KeyCall[];
  /** The keys, for what no other method does. */
  readonly keys: KeyStore;
  /** Another identity of the tenant. `certificate` is what it may sign assertions with, as PEM. */
  addIdentity(permissions: readonly KeyPermission[], certificate?: string): Identity;
  /**
   * Takes a private key under `name`, as a JSON web key or as PEM; `version` is what it is to be called, 32 hexadecimal
   * digits.
   */
  importKey(name: string, key: Readonly<Record<string, unknown>> | string, version?: string): KeyVersion;
  /** Stops the vault from listening. The directory stays. */
  offline(): Promise<void>;
  online(): Promise<void>;
  /** From now on the vault's answers wait as many milliseconds; 0 ends that. */
  slow(milliseconds: number): void;
  /** Answers every request with 429 and that `Retry-After`; undefined ends it. */
  throttle(retryAfterSeconds: number | undefined): void;
  /** Answers those calls itself for which `answer` gives something, as this server would not; undefined ends it. */
  answerWith(answer: ((call: KeyCall) => Reply | undefined) | undefined): void;
  /** Takes permissions from {@link identity}, both unless some are named. */
  deny(...permissions: readonly KeyPermission[]): void;
  /** Gives them back. */
  allow(): void;
  /** Disables every version of the key. */
  disableKey(): void;
  /** Enables every version of the key. */
  enableKey(): void;
  /** Deletes the key so that it can be recovered. */
  deleteKey(): void;
  recoverKey(): void;
  /** Makes a new version of the key, and answers what it is called. */
  rotateKey(): Promise<string>;
  /** Sets the vault's clock ahead by as many milliseconds: tokens are judged by it. */
  skewClock(milliseconds: number): void;
  stop(): Promise<void>;
}

const SEAL_PERMISSIONS: readonly KeyPermission[] = ["wrapKey", "unwrapKey"];

async function writeFiles(folder: string, ca: string, federatedToken: string): Promise<readonly [string, string]> {
  const files = [join(folder, "ca.pem"), join(folder, "federated-token")] as const;
  await Promise.all([writeFile(files[0], ca), writeFile(files[1], federatedToken)]);
  return files;
}

/** Starts a vault on free ports of the loopback. */
export async function startKeyVault(): Promise<KeyVaultServer> {
  const tenant = new Tenant();
  const keys = new KeyStore();
  const vault: Vault = {
    name: VAULT_NAME,
    tenant,
    keys,
    calls: [],
    clockAhead: 0,
    retryAfter: undefined,
    answer: undefined,
  };
  const identity = tenant.add(SEAL_PERMISSIONS);
  const admin = tenant.add(KEY_PERMISSIONS);
  const identityResourceId = `/subscriptions/${randomUUID()}/userAssignedIdentities/sealwright`;
  const machine: Machine = { identity, resourceId: identityResourceId, header: randomUUID() };
  const authority = makeTestAuthority("Sealwright test authority");
  const certificate = authority.issue(["localhost", "127.0.0.1"]);

  await keys.create(KEY_NAME, { kty: "RSA" });
  const folder = await mkdtemp(join(tmpdir(), "sealwright-key-vault-"));
  const [caFile, tokenFile] = await writeFiles(folder, authority.ca, identity.federatedToken);
  const login = await listen(async (request) => answerLogin(tenant, request), certificate);
  const metadata = await listen(async (request) => answerMachine(tenant, machine, request));
  const listener = await listen((request) => answerVault(vault, login.url, request), certificate);

  const setEnabled = (enabled: boolean): void => {
    for (const { version } of keys.versions(KEY_NAME)) keys.update(KEY_NAME, version, { attributes: { enabled } });
  };

  return {
    url: listener.url,
    port: Number(new URL(listener.url).port),
    authorityHost: login.url,
    tenantId: tenant.id,
    authority,
    caFile,
    key: KEY_NAME,
    identity,
    admin,
    config: {
      vault_name: VAULT_NAME,
      key_name: KEY_NAME,
      vault_url: listener.url,
      authority_host: login.url,
      tls_ca_cert: caFile,
      tenant_id: tenant.id,
      client_id: identity.clientId,
      client_secret: identity.clientSecret,
    },
    machineEnvironment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url },
    workloadEnvironment: {
      AZURE_TENANT_ID: tenant.id,
      AZURE_CLIENT_ID: identity.clientId,
      AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    },
    identityResourceId,
    calls: vault.calls,
    keys,
    addIdentity: (permissions, cert) => tenant.add(permissions, cert),
    importKey(name, key, version) {
      const jwk = typeof key === "string" ? createPrivateKey(key).export({ format: "jwk" }) : key;
      return keys.import(name, jwk, {}, version);
    },
    offline: listener.offline,
    online: listener.online,
    slow: listener.slow,
    throttle(retryAfterSeconds) {
      vault.retryAfter = retryAfterSeconds;
    },
    answerWith(answer) {
      vault.answer = answer;
    },
    deny(...permissions) {
      const denied = permissions.length === 0 ? SEAL_PERMISSIONS : permissions;
      for (const permission of denied) identity.permissions.delete(permission);
    },
    allow() {
      for (const permission of SEAL_PERMISSIONS) identity.permissions.add(permission);
    },
    disableKey: () => setEnabled(false),
    enableKey: () => setEnabled(true),
    deleteKey: () => void keys.delete(KEY_NAME),
    recoverKey: () => void keys.recover(KEY_NAME),
    rotateKey: async () => (await keys.rotate(KEY_NAME)).version,
    skewClock(milliseconds) {
      vault.clockAhead = milliseconds;
    },
    async stop() {
      await Promise.all([listener, login, metadata].map((each) => each.offline()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
