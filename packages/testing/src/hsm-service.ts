// SPDX-License-Identifier: Apache-2.0
/**
 * SoftHSM with a key, under the controls that the harnesses of the clouds have. Its faults are those of `faultyHsm`, which
 * is loaded in front of it: what SoftHSM cannot do itself, the module answers as PKCS#11 documents it.
 */
import { type Fault, faultyHsm } from "./faulty-hsm.ts";
import { softHsm } from "./softhsm.ts";
import type { KeyNames } from "./test-token.ts";

/** PKCS#11 v3.1, section 4.7: return values. */
const CKR_KEY_FUNCTION_NOT_PERMITTED = 0x68;
const CKR_FUNCTION_REJECTED = 0x200;

/** What begins and what carries out a wrap or an unwrap. */
const BEGINNINGS = ["C_EncryptInit", "C_DecryptInit"] as const;
const WORK = ["C_Encrypt", "C_Decrypt"] as const;

/** What {@link startSoftHsm} starts. */
export interface HsmService {
  /** The key that wraps now. */
  readonly key: KeyNames;
  /** The settings of a seal "pkcs11" for that key. The PIN is one of them. */
  readonly config: Readonly<Record<"lib" | "token_label" | "pin" | "key_label" | "mechanism", string>>;
  /** What a process needs in its environment to load the module. */
  readonly env: Readonly<Record<string, string>>;
  /** Pulls the token out: its sessions end, its slot is empty. */
  offline(): void;
  /** Puts it back. */
  online(): void;
  /** Every wrap and unwrap takes `milliseconds` longer. */
  slow(milliseconds: number): void;
  /** Every wrap and unwrap is rejected (`CKR_FUNCTION_REJECTED`). */
  deny(): void;
  /** The key may not be used (`CKR_KEY_FUNCTION_NOT_PERMITTED`), as where its attributes were changed. */
  disableKey(): void;
  enableKey(): void;
  /** Makes a key under another label and id, which `key` and `config` then name. The old one stays. Answers the new names. */
  rotateKey(): Promise<KeyNames>;
  /** Takes `slow`, `deny` and `disableKey` back. */
  heal(): void;
  /** Removes the token. */
  stop(): Promise<void>;
}

function keyNames(number: number): KeyNames {
  return { label: `unseal-key-${number}`, id: String(number).padStart(2, "0") };
}

/** A SoftHSM token with an AES key. Rejects with what to install where SoftHSM, OpenSC or a C compiler is missing. */
export async function startSoftHsm(): Promise<HsmService> {
  const hsm = await softHsm();
  let keys = 1;
  const faulty = await hsm
    .addAesKey(keyNames(keys))
    .then(() => faultyHsm({ forwardTo: hsm.lib }))
    .catch(async (error: unknown) => {
      await hsm.stop();
      throw error;
    });
  let disabled: readonly Fault[] = [];
  let other: readonly Fault[] = [];
  const lift = (faults: readonly Fault[]): void => {
    for (const fault of faults) fault.lift();
  };
  const enableKey = (): void => {
    lift(disabled);
    disabled = [];
  };
  return {
    get key() {
      return keyNames(keys);
    },
    get config() {
      const { label } = keyNames(keys);
      const token = { lib: faulty.lib, token_label: hsm.tokenLabel, pin: hsm.pin };
      return { ...token, key_label: label, mechanism: "CKM_AES_GCM" };
    },
    env: { ...hsm.env, ...faulty.env },
    offline: () => faulty.removeToken(),
    online: () => faulty.restoreToken(),
    slow(milliseconds) {
      other = [...other, ...WORK.map((fn) => faulty.delay(fn, milliseconds))];
    },
    deny() {
      other = [...other, ...BEGINNINGS.map((fn) => faulty.fail(fn, CKR_FUNCTION_REJECTED, 0))];
    },
    disableKey() {
      disabled = [...disabled, ...BEGINNINGS.map((fn) => faulty.fail(fn, CKR_KEY_FUNCTION_NOT_PERMITTED, 0))];
    },
    enableKey,
    async rotateKey() {
      await hsm.addAesKey(keyNames(keys + 1));
      keys++;
      return keyNames(keys);
    },
    heal() {
      enableKey();
      lift(other);
      other = [];
    },
    async stop() {
      await Promise.all([hsm.stop(), faulty.stop()]);
    },
  };
}
