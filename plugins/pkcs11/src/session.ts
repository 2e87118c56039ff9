// SPDX-License-Identifier: Apache-2.0
import type { Mechanism } from "pkcs11js";
import { readAttribute, type SessionPlace } from "./attributes.ts";
import type { Pkcs11Config } from "./config.ts";
import { attempt, CryptokiError, explain, OPENING } from "./errors.ts";
import { formatKeyName, KeyFinder, type KeyName, type TokenKey } from "./keys.ts";
import type { Handle, Library } from "./library.ts";
import { checkPinState, findToken } from "./token.ts";

/** Room for what devices add to a text: tag, nonce, padding. Answering "buffer too small" confuses some of them. */
const SLACK_BYTES = 1_024;

function logIn(library: Library, session: Handle, pin: string, where: string): void {
  const { calls, ck } = library;
  try {
    attempt(`logging in to ${where}`, () => calls.C_Login(session, ck.CKU_USER, pin));
  } catch (error) {
    // Another seal of this process is logged in to the token, which holds for all sessions.
    if (!(error instanceof CryptokiError && error.returnValue === "CKR_USER_ALREADY_LOGGED_IN")) throw error;
  }
}

/** One session on the token, logged in. It does one thing at a time: whoever uses it waits for each call. */
export class Session {
  readonly #place: SessionPlace;
  readonly #keys = new Map<string, TokenKey>();

  private constructor(place: SessionPlace) {
    this.#place = place;
  }

  /** `the token "LABEL"`, for messages. */
  get where(): string {
    return this.#place.where;
  }

  get library(): Library {
    return this.#place.library;
  }

  /** Starts the library, finds the token, opens a session and logs in. */
  static open(library: Library, config: Pkcs11Config): Session {
    const { calls, ck } = library;
    library.start();
    const token = findToken(library, config);
    const where = `the token "${token.label}"`;
    checkPinState(token, ck);
    const flags = ck.CKF_SERIAL_SESSION | (config.force_rw_session ? ck.CKF_RW_SESSION : 0);
    const handle = attempt(`opening a session on ${where}`, () => calls.C_OpenSession(token.slot, flags));
    const session = new Session({ library, handle, where });
    try {
      logIn(library, handle, config.pin, where);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  /** The one key of that name; its handle is kept. `SEAL_KEY_MISSING` for none, `SEAL_CONFIG` for several. */
  key(name: KeyName): TokenKey {
    const text = formatKeyName(name);
    const kept = this.#keys.get(text);
    if (kept !== undefined) return kept;
    const found = new KeyFinder(this.#place).find(name);
    this.#keys.set(text, found);
    return found;
  }

  /** An attribute's bytes, or undefined where the object hasn't got it or keeps it secret. */
  attribute(object: Handle, type: number): Buffer | undefined {
    return readAttribute(this.#place, object, type);
  }

  /** `C_Encrypt` on a thread of its own. The answer is the caller's. */
  async encrypt(mechanism: Mechanism, key: Handle, plaintext: Uint8Array, doing: string): Promise<Uint8Array> {
    const { calls } = this.library;
    const room = Buffer.alloc(plaintext.length + SLACK_BYTES);
    // A copy, since the thread goes on reading it when the caller has abandoned the call and wiped the bytes.
    const copy = Buffer.from(plaintext);
    try {
      calls.C_EncryptInit(this.#place.handle, mechanism, key);
      return await calls.C_EncryptAsync(this.#place.handle, copy, room);
    } catch (error) {
      throw explain(error, `${doing} on ${this.where}`);
    } finally {
      copy.fill(0);
    }
  }

  /** `C_Decrypt` on a thread of its own. The answer is the caller's. */
  async decrypt(mechanism: Mechanism, key: Handle, ciphertext: Uint8Array, doing: string): Promise<Uint8Array> {
    const { calls } = this.library;
    const room = Buffer.alloc(ciphertext.length + SLACK_BYTES);
    try {
      calls.C_DecryptInit(this.#place.handle, mechanism, key);
      return Uint8Array.from(await calls.C_DecryptAsync(this.#place.handle, Buffer.from(ciphertext), room));
    } catch (error) {
      throw explain(error, `${doing} on ${this.where}`, OPENING);
    } finally {
      room.fill(0);
    }
  }

  /** Ends the session, and with the last one of this process the login. Never throws. */
  close(): void {
    try {
      this.library.calls.C_CloseSession(this.#place.handle);
    } catch {
      // It was gone already.
    }
  }
}
