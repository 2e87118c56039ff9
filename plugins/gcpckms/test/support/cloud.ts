// SPDX-License-Identifier: Apache-2.0
/** Seals over the Cloud KMS server of `packages/testing`, and keys on whichever server is to be tested against. */
import { randomUUID } from "node:crypto";
import { KeyManagementServiceClient } from "@google-cloud/kms";
import { resolveConfig, type Seal, type SealEnvironment, type Stanza } from "@sealwright/seal";
import { quietEnvironment } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { googleAuthLibrary, grpc } from "google-gax";
import { plugin } from "../../src/index.ts";

/** A seal from a stanza, without the environment. */
export async function openSeal(stanza: Stanza, env: SealEnvironment = quietEnvironment): Promise<Seal> {
  return plugin.open(resolveConfig("gcpckms", plugin.config, stanza, {}).config, env);
}

/** A stanza for the one key of `cloud`. */
export function stanzaFor(cloud: CloudKms): Record<string, string> {
  return { ...cloud.config };
}

/** A client of Google's without credentials, as emulators are spoken to. */
export function plainClient(endpoint: string): KeyManagementServiceClient {
  const { hostname, port } = new URL(endpoint);
  return new KeyManagementServiceClient({
    apiEndpoint: hostname,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    authClient: new googleAuthLibrary.PassThroughClient(),
  });
}

/** A key ring with two keys. */
export interface Backend {
  /** For the first key. */
  readonly stanza: Readonly<Record<string, string>>;
  /** For the second one. */
  readonly otherStanza: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Two keys, made by Google's client, on the emulator that `SEALWRIGHT_CLOUDKMS_ENDPOINT` names (`http://HOST:PORT`), or
 * on a server of our own.
 */
export async function startBackend(): Promise<Backend> {
  const given = process.env.SEALWRIGHT_CLOUDKMS_ENDPOINT;
  const own = given === undefined ? await startCloudKms() : undefined;
  const endpoint = own?.endpoint ?? (given?.includes("://") ? given : `http://${given}`);
  const place = { project: "sealwright-test", region: "global", key_ring: `ring-${randomUUID()}` };
  const client = plainClient(endpoint);
  const parent = `projects/${place.project}/locations/${place.region}`;
  await client.createKeyRing({ parent, keyRingId: place.key_ring });
  for (const cryptoKeyId of ["unseal", "other"]) {
    const cryptoKey = { purpose: "ENCRYPT_DECRYPT" as const };
    await client.createCryptoKey({ parent: `${parent}/keyRings/${place.key_ring}`, cryptoKeyId, cryptoKey });
  }
  await client.close();
  const stanza = { ...place, endpoint, endpoint_plaintext: "true", crypto_key: "unseal" };
  return {
    stanza,
    otherStanza: { ...stanza, crypto_key: "other" },
    stop: async () => own?.stop(),
  };
}
