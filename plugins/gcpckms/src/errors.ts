// SPDX-License-Identifier: Apache-2.0
/** What the seal says where the fault is none of Cloud KMS's answers: blobs, settings, checksums, no answer at all. */
import { quotedKeyId, SealError } from "@sealwright/seal";
import type { Settings } from "./config.ts";
import { type KeyRing, keyName } from "./names.ts";

/** What messages name. */
export interface Target {
  /** `projects/…/cryptoKeys/…`. */
  readonly key: string;
  /** The location that the key is in. */
  readonly region: string;
  readonly project: string;
  /** Host and port. */
  readonly host: string;
}

/** The key called `key` within the settings' key ring. */
export function targetOf({ keyRing, endpoint }: Settings, key: string): Target {
  const { region, project } = keyRing;
  return { key: keyName(keyRing, key), region, project, host: endpoint.host };
}

/** What the errors that every seal has call this one. */
export function nameOf({ keyRing, key, endpoint }: Settings): string {
  return `the gcpckms seal (key ${keyName(keyRing, key ?? "*")} at ${endpoint.host})`;
}

/** The caller's signal aborted, or the seal was closed, while the request was under way. */
export function abandoned({ key, host }: Target, cause: unknown): SealError {
  return new SealError("SEAL_TIMEOUT", `${host} did not answer in time about the key ${key}`, { cause });
}

/** Bytes and checksum differ: something on the way, or in between, changed bits. */
export function damaged({ key, host }: Target): SealError {
  return new SealError(
    "SEAL_UNAVAILABLE",
    `what was exchanged with ${host} about the key ${key} does not have its checksum: it was damaged on the way`,
    { advice: "it is tried again; if it stays, look at the proxy in between, or the memory of this machine" },
  );
}

/** An answer without what Cloud KMS always answers. */
export function incomplete({ key, host }: Target): SealError {
  return new SealError("SEAL_UNAVAILABLE", `what answers at ${host} about the key ${key} is no Cloud KMS`, {
    advice: "correct endpoint, or look at the proxy in between",
  });
}

/** The blob names a key of another key ring, or none of Cloud KMS. */
export function elsewhere({ project, region, ring }: KeyRing, id: string): SealError {
  return new SealError(
    "SEAL_KEY_MISSING",
    `this was wrapped by ${quotedKeyId(id)}, which is not in the key ring ${ring} in ${region} of the project ${project}`,
    { advice: "correct project, region and key_ring, or see whose storage this is" },
  );
}

/** The blob is empty, or of a mechanism that this seal does not have. */
export function foreign(name: string): SealError {
  return new SealError("SEAL_BAD_CIPHERTEXT", `this is nothing that ${name} made`);
}

/** A seal without a key is to wrap, or a blob names none. */
export function noKey(): SealError {
  return new SealError(
    "SEAL_CONFIG",
    "the gcpckms seal has no crypto_key (key_not_required is set), so it only unwraps what names its key",
    { advice: "set crypto_key" },
  );
}

/** The settings contradict each other, or a file is not what it should be. */
export function contradiction(message: string): SealError {
  return new SealError("SEAL_CONFIG", `seal "gcpckms": ${message}`);
}

/** What is said of a blob that the key does not open. */
export function notOpened({ key }: Target): string {
  return `the key ${key} does not open this: another key wrapped it, or it was altered`;
}

/** A warning for the log. */
export function inPlain(host: string): string {
  return `the gcpckms seal speaks to ${host} without TLS and without credentials: the root key can be read on the way`;
}
