// SPDX-License-Identifier: Apache-2.0
import type { Mechanism } from "pkcs11js";
import { readAttribute, type SessionPlace } from "./attributes.ts";
import { attempt, explain, OPENING } from "./errors.ts";
import type { Handle, Library } from "./library.ts";
import type { NamedToken } from "./token.ts";

/** Room for what devices add to a text: tag, nonce, padding. Answering "buffer too small" confuses some of them. */
const SLACK_BYTES = 1_024;
/** Longer than any HMAC. */
const MAC_ROOM_BYTES = 128;
/** `CKS_RO_USER_FUNCTIONS` and `CKS_RW_USER_FUNCTIONS`, which pkcs11js does not name. */
const LOGGED_IN_STATES = [1, 3];

/** One session on a token. It does one operation at a time: whoever uses it waits for each call. */
export class Session implements SessionPlace {
  readonly library: Library;
  readonly handle: Handle;
  readonly where: string;
  /** Where the library writes its answers: one operation at a time needs one room. */
  #room = Buffer.alloc(0);
  #usable = true;

  private constructor(library: Library, handle: Handle, where: string) {
    this.library = library;
    this.handle = handle;
    this.where = where;
  }

  /** Opens a session, not logged in unless another one is. */
  static open(library: Library, { slot, where }: NamedToken, access: "read" | "read-write"): Session {
    const { calls, ck } = library;
    const flags = ck.CKF_SERIAL_SESSION | (access === "read-write" ? ck.CKF_RW_SESSION : 0);
    const handle = attempt(`opening a session on ${where}`, () => calls.C_OpenSession(slot, flags));
    return new Session(library, handle, where);
  }

  /** Whether it may be used again: not after {@link close}. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Whether the user is logged in, in this session and so in all of this process. */
  get loggedIn(): boolean {
    const { calls } = this.library;
    const { state } = attempt(`reading the session on ${this.where}`, () => calls.C_GetSessionInfo(this.handle));
    return LOGGED_IN_STATES.includes(state);
  }

  /** An attribute's bytes, or undefined where the object hasn't got it or keeps it secret. */
  attribute(object: Handle, type: number): Buffer | undefined {
    return readAttribute(this, object, type);
  }

  /** `C_Encrypt` on a thread of its own. The answer is the caller's. */
  async encrypt(mechanism: Mechanism, key: Handle, plaintext: Uint8Array, doing: string): Promise<Uint8Array> {
    const { calls } = this.library;
    const room = this.#roomFor(plaintext.length + SLACK_BYTES);
    // A copy, since the thread goes on reading it when the caller has abandoned the call and wiped the bytes. It is used
    // afterwards, which keeps it from being collected meanwhile: pkcs11js holds no reference.
    const copy = Buffer.from(plaintext);
    try {
      calls.C_EncryptInit(this.handle, mechanism, key);
      return new Uint8Array(await calls.C_EncryptAsync(this.handle, copy, room));
    } catch (error) {
      throw explain(error, `${doing} on ${this.where}`);
    } finally {
      copy.fill(0);
    }
  }

  /** `C_Decrypt` on a thread of its own. The answer is the caller's. */
  async decrypt(mechanism: Mechanism, key: Handle, ciphertext: Uint8Array, doing: string): Promise<Uint8Array> {
    const { calls } = this.library;
    const room = this.#roomFor(ciphertext.length + SLACK_BYTES);
    const copy = Buffer.from(ciphertext);
    try {
      calls.C_DecryptInit(this.handle, mechanism, key);
      return new Uint8Array(await calls.C_DecryptAsync(this.handle, copy, room));
    } catch (error) {
      throw explain(error, `${doing} on ${this.where}`, OPENING);
    } finally {
      room.fill(0);
      copy.fill(0);
    }
  }

  /** `C_Sign` with a MAC's key, on a thread of its own. The answer is the caller's. */
  async mac(mechanism: Mechanism, key: Handle, data: Uint8Array, doing: string): Promise<Uint8Array> {
    const { calls } = this.library;
    const room = this.#roomFor(MAC_ROOM_BYTES);
    const copy = Buffer.from(data);
    try {
      calls.C_SignInit(this.handle, mechanism, key);
      return new Uint8Array(await calls.C_SignAsync(this.handle, copy, room));
    } catch (error) {
      throw explain(error, `${doing} on ${this.where}`);
    } finally {
      copy.fill(0);
    }
  }

  /** Ends the session, and with the last one of this process the login. Never throws. */
  close(): void {
    this.#usable = false;
    try {
      this.library.calls.C_CloseSession(this.handle);
    } catch {
      // It was gone already.
    }
  }

  #roomFor(bytes: number): Buffer {
    if (this.#room.length < bytes) this.#room = Buffer.alloc(bytes);
    return this.#room.subarray(0, bytes);
  }
}
