// SPDX-License-Identifier: Apache-2.0
import type { Stage } from "./stage.ts";

/** Somebody who writes and reads by a token, one after another, until told to stop. */
export class Traffic {
  readonly #done: Promise<readonly string[]>;
  #going = true;
  #rounds = 0;

  constructor(stage: Stage) {
    this.#done = this.#run(stage);
  }

  /** Values written and read back so far. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Ends it and gives what went wrong: nothing, usually. */
  async stop(): Promise<readonly string[]> {
    this.#going = false;
    return this.#done;
  }

  async #run(stage: Stage): Promise<readonly string[]> {
    const failures: string[] = [];
    while (this.#going) {
      const value = `value-${this.#rounds}`;
      const put = await stage.http("PUT", "secret/traffic", { value }, stage.rootToken);
      const got = await stage.http("GET", "secret/traffic", undefined, stage.rootToken);
      const read = (got.body.data as { readonly value?: string } | undefined)?.value;
      if (put.status !== 204 || read !== value) failures.push(`${put.status} ${got.status} ${read}`);
      this.#rounds += 1;
    }
    return failures;
  }
}
