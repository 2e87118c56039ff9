// SPDX-License-Identifier: Apache-2.0
/** From what is stored to the messages that clients get. */
import type { protos } from "@google-cloud/kms";
import { type CryptoKey, destroyWhenDue, type KeyRing, type KeyVersion } from "./key-store.ts";

/** A message of `google.cloud.kms.v1`, as plain data. */
export type KeyRingMessage = protos.google.cloud.kms.v1.IKeyRing;
/** See {@link KeyRingMessage}. */
export type CryptoKeyMessage = protos.google.cloud.kms.v1.ICryptoKey;
/** See {@link KeyRingMessage}. */
export type VersionMessage = protos.google.cloud.kms.v1.ICryptoKeyVersion;

function timestamp(date: Date): { seconds: number; nanos: number } {
  const milliseconds = date.getTime();
  return { seconds: Math.floor(milliseconds / 1_000), nanos: (milliseconds % 1_000) * 1_000_000 };
}

/** `google.cloud.kms.v1.KeyRing`. */
export function keyRingMessage({ name, createTime }: KeyRing): KeyRingMessage {
  return { name, createTime: timestamp(createTime) };
}

/** `google.cloud.kms.v1.CryptoKeyVersion`; the times that its state does not have are left out. */
export function versionMessage(version: KeyVersion): VersionMessage {
  destroyWhenDue(version);
  const { name, state, protectionLevel, algorithm, createTime, destroyTime } = version;
  const generated = timestamp(createTime);
  const common = { name, state, protectionLevel, algorithm, createTime: generated, generateTime: generated };
  if (destroyTime === undefined) return common;
  const when = timestamp(destroyTime);
  return state === "DESTROYED" ? { ...common, destroyEventTime: when } : { ...common, destroyTime: when };
}

/** `google.cloud.kms.v1.CryptoKey`, with a copy of its primary version. */
export function cryptoKeyMessage(key: CryptoKey): CryptoKeyMessage {
  const { name, purpose, createTime, algorithm, protectionLevel, labels, rotation, primary } = key;
  return {
    name,
    purpose,
    createTime: timestamp(createTime),
    versionTemplate: { algorithm, protectionLevel },
    destroyScheduledDuration: { seconds: key.destroyScheduledSeconds },
    labels,
    ...(rotation === undefined ? {} : { nextRotationTime: timestamp(rotation.next) }),
    ...(rotation?.periodSeconds === undefined ? {} : { rotationPeriod: { seconds: rotation.periodSeconds } }),
    ...(primary === undefined ? {} : { primary: versionMessage(primary) }),
  };
}
