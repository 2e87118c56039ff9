// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { SealError } from "@sealwright/seal";
import type * as Pkcs11js from "pkcs11js";
import { attemptUnlessDone } from "./errors.ts";

/** pkcs11js: its class and the constants of the standard. */
export type Pkcs11Module = typeof Pkcs11js;

/** `slot`, session and object handles are the bytes of a native `CK_ULONG`. */
export type Handle = Pkcs11js.Handle;

// A library is initialised once per process, however many seals use it: the last to leave shuts it down.
const users = new Map<string, number>();

/** A loaded PKCS#11 library. Loading runs the vendor's code, but contacts no device. */
export class Library {
  readonly path: string;
  readonly ck: Pkcs11Module;
  readonly calls: Pkcs11js.PKCS11;
  #using = false;

  private constructor(path: string, ck: Pkcs11Module, calls: Pkcs11js.PKCS11) {
    this.path = path;
    this.ck = ck;
    this.calls = calls;
  }

  /** Rejects with `SEAL_PLUGIN_UNAVAILABLE` without pkcs11js, with `SEAL_CONFIG` for what is no PKCS#11 library. */
  static async load(path: string): Promise<Library> {
    const ck = await importPkcs11js();
    if (path.includes("/") && !existsSync(path)) {
      throw new SealError("SEAL_CONFIG", `seal "pkcs11": lib names ${path}, and there is no such file`);
    }
    const calls = new ck.PKCS11();
    try {
      calls.load(path);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : "no reason given";
      throw new SealError("SEAL_CONFIG", `seal "pkcs11": lib names ${path}, which is no PKCS#11 library: ${reason}`, {
        cause,
      });
    }
    return new Library(path, ck, calls);
  }

  /** Initialises the library unless another seal of this process has. */
  start(): void {
    if (this.#using) return;
    attemptUnlessDone(`starting the library ${this.path}`, () =>
      this.calls.C_Initialize({ flags: this.ck.CKF_OS_LOCKING_OK }),
    );
    users.set(this.path, (users.get(this.path) ?? 0) + 1);
    this.#using = true;
  }

  /** Shuts the library down if no other seal of this process uses it. Never throws: there is nothing left to save. */
  stop(): void {
    if (!this.#using) return;
    this.#using = false;
    const others = (users.get(this.path) ?? 1) - 1;
    users.set(this.path, others);
    if (others > 0) return;
    try {
      this.calls.C_Finalize();
    } catch {
      // It was gone already.
    }
  }
}

async function importPkcs11js(): Promise<Pkcs11Module> {
  try {
    const loaded: { readonly default: Pkcs11Module } = await import("pkcs11js");
    return loaded.default;
  } catch (cause) {
    throw new SealError(
      "SEAL_PLUGIN_UNAVAILABLE",
      'seal "pkcs11" needs the package pkcs11js, which is not installed or was not compiled: ' +
        "npm install pkcs11js (with Python, make and a C++ compiler)",
      { cause },
    );
  }
}
