// SPDX-License-Identifier: Apache-2.0
/** The commands that a page of the documentation shows. */
import { readFileSync } from "node:fs";

/** A page, whose commands are taken one after another; what was never taken was never run. */
export class DocumentedPage {
  readonly #left: Set<string>;

  /** Reads `docs/operations/<name>.md`. */
  constructor(name: string) {
    const text = readFileSync(new URL(`../../../docs/operations/${name}.md`, import.meta.url), "utf8");
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
    const lines = blocks.flatMap((block) =>
      block
        .replace(/ *\\\n */g, " ")
        .trim()
        .split("\n"),
    );
    this.#left = new Set(lines.map((line) => line.replace(/ +#.*$/, "")));
  }

  /** Commands that were not taken. */
  get left(): readonly string[] {
    return [...this.#left];
  }

  /** The one command that is `documented`, with what stands for something replaced by that. Throws where it is not there. */
  take(documented: string, values: Readonly<Record<string, string>> = {}): string {
    if (!this.#left.delete(documented)) throw new Error(`the page does not show: ${documented}`);
    return Object.entries(values).reduce((line, [placeholder, value]) => line.replace(placeholder, value), documented);
  }
}
