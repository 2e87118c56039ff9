// SPDX-License-Identifier: Apache-2.0
import { isSealError, type Seal } from "@sealwright/seal";
import type { Measurements } from "./measurements.ts";

/** Milliseconds, going up. */
type Clock = () => number;

/** Measures the calls to a seal under Vault's names: all seals together, and each type. */
class Calls {
  readonly #measurements: Measurements;
  readonly #type: string;
  readonly #clock: Clock;
  #unreachableSince: number | undefined;

  constructor(measurements: Measurements, type: string, clock: Clock) {
    this.#measurements = measurements;
    this.#type = type;
    this.#clock = clock;
    measurements.gauge(
      "seal.unreachable.time",
      "Milliseconds since the seal stopped answering; 0 while it does.",
      () => [{ labels: { type }, value: this.#unreachableSince === undefined ? 0 : clock() - this.#unreachableSince }],
    );
  }

  async run<T>(operation: "encrypt" | "decrypt", call: () => Promise<T>): Promise<T> {
    const began = this.#clock();
    this.#count(operation);
    try {
      const result = await call();
      this.#unreachableSince = undefined;
      return result;
    } catch (error) {
      this.#count(`${operation}.error`);
      // A refusal is an answer.
      this.#unreachableSince = isSealError(error) && error.retryable ? (this.#unreachableSince ?? began) : undefined;
      throw error;
    } finally {
      const took = this.#clock() - began;
      for (const name of this.#names(`${operation}.time`)) {
        this.#measurements.sample(name, `Milliseconds that the seal took to ${operation}.`).add(took);
      }
    }
  }

  #count(what: string): void {
    for (const name of this.#names(what)) this.#measurements.counter(name, `Calls of the seal: ${what}.`).add();
  }

  #names(what: string): readonly string[] {
    return [`seal.${what}`, `seal.${this.#type}.${what}`];
  }
}

/** `seal` with its calls measured. */
export function timedSeal(seal: Seal, measurements: Measurements, clock: Clock = () => performance.now()): Seal {
  const calls = new Calls(measurements, seal.type, clock);
  return {
    type: seal.type,
    wrap: (plaintext, call) => calls.run("encrypt", () => seal.wrap(plaintext, call)),
    unwrap: (blob, call) => calls.run("decrypt", () => seal.unwrap(blob, call)),
    close: () => seal.close(),
  };
}
