// SPDX-License-Identifier: Apache-2.0
/**
 * Google Cloud KMS for tests: a gRPC server of our own on Google's service definition. It keeps to what Google documents:
 * the states of versions, permissions, checksums, limits, status codes. Operations of asymmetric and MAC keys, imports
 * and exports are `UNIMPLEMENTED`.
 */
import { ServerCredentials } from "@grpc/grpc-js";
import { Access, ENCRYPTER_DECRYPTER, type Grant, type ServiceAccountKey } from "./cloud-kms/access.ts";
import type { KeyMaterial } from "./cloud-kms/ciphertext.ts";
import { Faults } from "./cloud-kms/faults.ts";
import { type CryptoKey, KeyStore, type KeyVersion, scheduleDestruction, setState } from "./cloud-kms/key-store.ts";
import { parentOf } from "./cloud-kms/names.ts";
import { createService } from "./cloud-kms/service.ts";
import { quotaExceeded } from "./cloud-kms/status.ts";
import { startFaultProxy } from "./fault-proxy.ts";

export { ENCRYPTER_DECRYPTER, type Grant, type ServiceAccountKey } from "./cloud-kms/access.ts";
export type { KeyMaterial } from "./cloud-kms/ciphertext.ts";
export { StatusError } from "./cloud-kms/status.ts";

/** How {@link startCloudKms} starts. */
export interface CloudKmsOptions {
  /**
   * A certificate and its private key, both as PEM. With them the server speaks TLS and asks everybody for credentials:
   * those of {@link CloudKms.addServiceAccount}. Without, it speaks plaintext, and everybody may do everything.
   */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** How the key is found, in the words of the `seal "gcpckms" { }` block. */
export interface KeyConfig {
  readonly project: string;
  readonly region: string;
  readonly key_ring: string;
  readonly crypto_key: string;
  readonly endpoint: string;
}

/** A server that runs, with one key in it. */
export interface CloudKms {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, with TLS `https://localhost:PORT`. */
  readonly endpoint: string;
  /** The key's name, `projects/…/cryptoKeys/…`. */
  readonly key: string;
  readonly config: KeyConfig;
  /** The same as variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The methods that were called so far, such as `Decrypt`. */
  readonly calls: readonly string[];
  /** How many connections clients have opened so far. */
  readonly connections: number;

  /** Makes a key, and its ring, with `material` as its one version. */
  importKey(name: string, material: KeyMaterial): void;
  /** Makes a service account with these rights: by default, to encrypt and decrypt with {@link CloudKms.key}. */
  addServiceAccount(email: string, grants?: readonly Grant[]): ServiceAccountKey;
  deleteServiceAccount(email: string): void;

  /** Refuses connections and cuts those that are open, until {@link CloudKms.online}. */
  offline(): Promise<void>;
  /** Listens again, on the same port. */
  online(): Promise<void>;
  /** Takes so many milliseconds for each answer. */
  slow(milliseconds: number): void;
  /** Answers the next `times` requests with an exceeded quota: all, unless told. */
  throttle(times?: number): void;
  /** Answers the next `times` requests with `error`, a `StatusError`: all, unless told. */
  fail(error: Error, times?: number): void;
  /** Changes each answer, given with its method, on its way out. */
  tamper(change: (method: string, response: object) => object): void;
  /**
   * Takes permissions from everybody, such as `cloudkms.cryptoKeyVersions.useToDecrypt`: that one and the one to
   * encrypt, unless told.
   */
  deny(...permissions: readonly string[]): void;
  /** Sets the service's clock ahead by so many milliseconds. */
  skewClock(milliseconds: number): void;
  /** Ends all of these but {@link CloudKms.offline}. */
  heal(): void;
  /** Disables every version of the key that is enabled. */
  disableKey(): void;
  /** Enables every version that is disabled. */
  enableKey(): void;
  /** Schedules every version for destruction, or, in no time, destroys them. */
  destroyKey(when: "scheduled" | "now"): void;
  /** Adds a version and makes it primary. Answers its name. */
  rotateKey(): string;
  stop(): Promise<void>;
}

const PLACE = { project: "test-project", region: "europe-west3", key_ring: "sealwright", crypto_key: "unseal" };

function makeKey(store: KeyStore, name: string): CryptoKey {
  const ring = parentOf(name);
  if (!store.has(ring)) store.createKeyRing(ring);
  return store.createCryptoKey(name, {
    purpose: "ENCRYPT_DECRYPT",
    algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION",
    protectionLevel: "SOFTWARE",
    destroyScheduledSeconds: 30 * 24 * 60 * 60,
    labels: {},
    rotation: undefined,
  });
}

function destroy(key: CryptoKey, version: KeyVersion, when: "scheduled" | "now"): void {
  scheduleDestruction(key, version);
  if (when === "now") version.destroyTime = new Date();
}

/** Starts a server on a free port of the loopback, behind a proxy that can fail. */
export async function startCloudKms({ tls }: CloudKmsOptions = {}): Promise<CloudKms> {
  const { project, region, key_ring, crypto_key } = PLACE;
  const name = `projects/${project}/locations/${region}/keyRings/${key_ring}/cryptoKeys/${crypto_key}`;
  const [store, access, faults] = [new KeyStore(), new Access(), new Faults()];
  const calls: string[] = [];
  const key = makeKey(store, name);
  key.primary = store.addVersion(key);

  const server = createService({ store, access, faults, calls, credentials: tls === undefined ? "none" : "required" });
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }]);
  const { promise: bound, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  const proxy = await startFaultProxy({ port: await bound });

  const endpoint = tls === undefined ? `http://${proxy.address}` : `https://localhost:${proxy.port}`;

  return {
    port: proxy.port,
    endpoint,
    key: name,
    config: { ...PLACE, endpoint },
    env: {
      GOOGLE_PROJECT: project,
      GOOGLE_REGION: region,
      GCPCKMS_WRAPPER_KEY_RING: key_ring,
      GCPCKMS_WRAPPER_CRYPTO_KEY: crypto_key,
      GCPCKMS_WRAPPER_ENDPOINT: endpoint,
    },
    calls,
    get connections() {
      return proxy.connections;
    },
    importKey(importedName, material) {
      const imported = makeKey(store, importedName);
      imported.primary = store.addVersion(imported, material);
    },
    addServiceAccount: (email, grants = [{ permissions: ENCRYPTER_DECRYPTER, on: name }]) =>
      access.addServiceAccount(email, grants),
    deleteServiceAccount: (email) => access.deleteServiceAccount(email),
    offline: () => proxy.offline(),
    online: () => proxy.online(),
    slow(milliseconds) {
      faults.delayMs = milliseconds;
    },
    throttle: (times = Number.POSITIVE_INFINITY) => faults.fail(quotaExceeded(), times),
    fail: (error, times = Number.POSITIVE_INFINITY) => faults.fail(error, times),
    tamper(change) {
      faults.tamper = change;
    },
    deny(...permissions) {
      for (const each of permissions.length === 0 ? ENCRYPTER_DECRYPTER : permissions) access.denied.add(each);
    },
    skewClock(milliseconds) {
      access.clockSkewMs = milliseconds;
    },
    heal() {
      faults.end();
      access.denied.clear();
      access.clockSkewMs = 0;
    },
    disableKey() {
      for (const version of key.versions) if (version.state === "ENABLED") setState(version, "DISABLED");
    },
    enableKey() {
      for (const version of key.versions) if (version.state === "DISABLED") setState(version, "ENABLED");
    },
    destroyKey(when) {
      for (const version of key.versions) destroy(key, version, when);
    },
    rotateKey() {
      key.primary = store.addVersion(key);
      return key.primary.name;
    },
    async stop() {
      await proxy.stop();
      server.forceShutdown();
    },
  };
}
