// SPDX-License-Identifier: Apache-2.0
import type { SealEnvironment } from "@sealwright/seal";
import { KeyFinder, type Purpose } from "./key-finder.ts";
import { formatKeyName, type HmacKey, type KeyName, spell, type TokenKey } from "./keys.ts";
import type { Session } from "./session.ts";

/** The keys that were found, by name: their handles are good in all sessions, until something goes wrong. */
export class KeyCache {
  readonly #log: SealEnvironment["log"];
  readonly #found = new Map<string, TokenKey>();

  constructor(log: SealEnvironment["log"]) {
    this.#log = log;
  }

  /** The one key of that name to encrypt with. `SEAL_KEY_MISSING` for none, `SEAL_CONFIG` for several. */
  encryptionKey(session: Session, name: KeyName): Exclude<TokenKey, HmacKey> {
    // The finder was asked for this purpose, so the key is none of the others.
    return this.#key(session, name, "encryption") as Exclude<TokenKey, HmacKey>;
  }

  /** The one key of that name for an HMAC. */
  hmacKey(session: Session, name: KeyName): HmacKey {
    return this.#key(session, name, "hmac") as HmacKey;
  }

  /** Finds all anew from now on. */
  forget(): void {
    this.#found.clear();
  }

  #key(session: Session, name: KeyName, purpose: Purpose): TokenKey {
    const text = `${purpose} ${formatKeyName(name)}`;
    const kept = this.#found.get(text);
    if (kept !== undefined) return kept;
    const { key, by } = new KeyFinder(session).find(name, purpose);
    if (by === "id") {
      this.#log("warn", `seal "pkcs11": no key is ${spell(name)}; the one with that id is used, whatever its label`);
    }
    this.#found.set(text, key);
    return key;
  }
}
