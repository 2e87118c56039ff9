// SPDX-License-Identifier: Apache-2.0
import type { Seal } from "@sealwright/seal";
import type { Labels, Measurements } from "./measurements.ts";

/** Milliseconds, going up. */
type Clock = () => number;

/** Which seal it is. */
export interface NamedSeal {
  readonly name: string;
  readonly type: string;
}

/** Measures the calls to a seal under Vault's names: all seals together, and each type; labelled by the seal. */
class Calls {
  readonly #measurements: Measurements;
  readonly #type: string;
  readonly #labels: Labels;
  readonly #clock: Clock;

  constructor(measurements: Measurements, { name, type }: NamedSeal, clock: Clock) {
    this.#measurements = measurements;
    this.#type = type;
    this.#labels = { name, type };
    this.#clock = clock;
  }

  async run<T>(operation: "encrypt" | "decrypt", call: () => Promise<T>): Promise<T> {
    const began = this.#clock();
    this.#count(operation);
    try {
      return await call();
    } catch (error) {
      this.#count(`${operation}.error`);
      throw error;
    } finally {
      const took = this.#clock() - began;
      for (const name of this.#names(`${operation}.time`)) {
        const help = `Milliseconds that the seal took to ${operation}.`;
        this.#measurements.sample(name, help, this.#labels).add(took);
      }
    }
  }

  #count(what: string): void {
    for (const name of this.#names(what)) {
      this.#measurements.counter(name, `Calls of the seal: ${what}.`, this.#labels).add();
    }
  }

  #names(what: string): readonly string[] {
    return [`seal.${what}`, `seal.${this.#type}.${what}`];
  }
}

/** `seal` with its calls measured under `named`. */
export function timedSeal(
  seal: Seal,
  measurements: Measurements,
  named: NamedSeal,
  clock: Clock = () => performance.now(),
): Seal {
  const calls = new Calls(measurements, named, clock);
  return {
    type: seal.type,
    wrap: (plaintext, call) => calls.run("encrypt", () => seal.wrap(plaintext, call)),
    unwrap: (blob, call) => calls.run("decrypt", () => seal.unwrap(blob, call)),
    close: () => seal.close(),
  };
}
