// SPDX-License-Identifier: Apache-2.0
/** Which value of ours stands for which recorded one: nonces, tokens, shares, accessors, PGP keys. */
import { isObject, type Json } from "./recording.ts";

/** What is shorter is not worth binding: it is a word, not something that a server made up. */
const SHORTEST = 12;
/** A share in hexadecimal: 32 bytes of y values, then one of x. */
const SHARE = /^([0-9a-f]{64})([0-9a-f]{2})$/;

/** Learns from pairs of answers, and puts our values into requests that were recorded with theirs. */
export class Bindings {
  readonly #ours = new Map<string, string>();

  /** `ours` takes the place of `recorded` from now on. */
  bind(recorded: string, ours: string): void {
    if (recorded.length >= SHORTEST && ours !== "") this.#ours.set(recorded, ours);
  }

  /** Whether a value takes the place of `recorded`. */
  has(recorded: string): boolean {
    return this.#ours.has(recorded);
  }

  /** Walks two answers to the same request side by side and binds every text of the one to that of the other. */
  learn(recorded: Json, ours: Json): void {
    if (typeof recorded === "string" && typeof ours === "string") this.bind(recorded, ours);
    else if (Array.isArray(recorded) && Array.isArray(ours)) {
      for (const [index, each] of recorded.entries()) this.learn(each, ours[index] ?? null);
    } else if (isObject(recorded) && isObject(ours)) {
      for (const [key, each] of Object.entries(recorded)) this.learn(each, ours[this.apply(key)] ?? null);
    }
  }

  /** `text` with what is bound in it replaced: the whole, or a share put together from two, or parts of a longer text. */
  apply(text: string): string {
    return this.#whole(text) ?? this.#mixedShare(text) ?? this.#parts(text);
  }

  /** {@link apply} on every text in `value`, names of fields included. */
  applyAll(value: Json): Json {
    if (typeof value === "string") return this.apply(value);
    if (Array.isArray(value)) return value.map((each) => this.applyAll(each));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [this.apply(key), this.applyAll(each)]));
  }

  #whole(text: string): string | undefined {
    const upper = text === text.toUpperCase() ? this.#ours.get(text.toLowerCase())?.toUpperCase() : undefined;
    return this.#ours.get(text) ?? upper;
  }

  /** The y values of one share with the x of another, which the recorder sent to see a repeated x refused. */
  #mixedShare(text: string): string | undefined {
    const [, y = "", x = ""] = SHARE.exec(text) ?? [];
    const known = [...this.#ours].filter(([recorded]) => SHARE.test(recorded));
    const ofY = known.find(([recorded]) => recorded.startsWith(y))?.[1];
    const ofX = known.find(([recorded]) => recorded.endsWith(x))?.[1];
    return y === "" || ofY === undefined || ofX === undefined ? undefined : ofY.slice(0, -2) + ofX.slice(-2);
  }

  #parts(text: string): string {
    let result = text;
    for (const [recorded, ours] of this.#ours) result = result.replaceAll(recorded, ours);
    return result;
  }
}
