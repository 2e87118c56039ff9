// SPDX-License-Identifier: Apache-2.0
import { type Storage, StorageError } from "@sealwright/core";
import { SealError } from "@sealwright/seal";
import type { Operation, Tap } from "./tapped-seal.ts";

/**
 * How the call that is due goes wrong. `seal fails`, `seal lies`, `write fails`: that call alone. The others are the end of
 * the process just before or just after a batch is on disk: nothing works from then on.
 */
export type Fault = "seal fails" | "seal lies" | "write fails" | "ends before a write" | "ends after a write";

export const FAULTS: readonly Fault[] = [
  "seal fails",
  "seal lies",
  "write fails",
  "ends before a write",
  "ends after a write",
];

const LIES_ON: Operation = "unwrap";

/** Counts the calls to seals and storage from {@link arm} on, and has one of them go wrong. */
export class FaultLine {
  #fault: Fault | undefined;
  #left = 0;
  #ended = false;
  #lying = false;

  /** Has the `nth` call that `fault` is about go wrong, counted from 1. */
  arm(fault: Fault, nth: number): void {
    this.#fault = fault;
    this.#left = nth;
  }

  /** Nothing goes wrong from now on. Answers whether something has. */
  disarm(): boolean {
    const hit = this.#fault !== undefined && this.#left <= 0;
    this.#fault = undefined;
    return hit;
  }

  /** Whether the process is as good as gone. */
  get ended(): boolean {
    return this.#ended;
  }

  /** For each of the seals. */
  readonly tap: Tap = {
    before: async (operation) => {
      this.#refuseEnded();
      if (this.#fault === "seal fails" && this.#due()) throw new SealError("SEAL_UNAVAILABLE", "no answer");
      if (this.#fault === "seal lies" && operation === LIES_ON) this.#lying = this.#due();
    },
    unwrapped: (plaintext) => {
      const lying = this.#lying;
      this.#lying = false;
      return lying ? plaintext.map((byte) => byte ^ 1) : plaintext;
    },
  };

  /** `inner`, whose batches go wrong as armed. */
  storage(inner: Storage): Storage {
    return {
      type: inner.type,
      get: (path) => inner.get(path),
      list: (prefix) => inner.list(prefix),
      close: async () => {},
      write: async (batch) => {
        this.#refuseEnded();
        if (this.#fault === "write fails" && this.#due()) throw new StorageError("STORAGE_FAILED", "the disk is full");
        const ends = (this.#fault === "ends before a write" || this.#fault === "ends after a write") && this.#due();
        this.#ended = ends;
        if (!ends || this.#fault === "ends after a write") await inner.write(batch);
        this.#refuseEnded();
      },
    };
  }

  #due(): boolean {
    return --this.#left === 0;
  }

  #refuseEnded(): void {
    if (this.#ended) throw new StorageError("STORAGE_FAILED", "the process has ended");
  }
}
