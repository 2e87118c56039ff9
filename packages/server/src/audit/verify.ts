// SPDX-License-Identifier: Apache-2.0
/** Whether a chain of audit lines is whole, and the one that was written. */
import { createHash, type Hash } from "node:crypto";
import { type ChainPosition, type ReadLine, readLine, START } from "./line.ts";

/** What was stored of a chain under the barrier. */
export interface StoredHead {
  /** The last line when it was stored. */
  readonly head: ChainPosition;
  /** Where the chain begins to count: {@link START}, or the line that reported what was found wrong before it. */
  readonly from: ChainPosition;
}

/** Bytes that are no line of ours. A note behind them may say that they are a torn line. */
class Torn {
  readonly #hash: Hash = createHash("sha256");
  #bytes: number;

  constructor(first: Uint8Array) {
    this.#bytes = first.length;
    this.#hash.update(first);
  }

  add(next: Uint8Array): void {
    this.#bytes += next.length + 1;
    this.#hash.update("\n").update(next);
  }

  isWhat({ note }: ReadLine): boolean {
    return note?.name === "torn line" && note.bytes === this.#bytes && note.sha256 === this.#hash.digest("hex");
  }
}

/** What a file that follows a rotated one begins with. */
const BEGINS_A_FILE = ["new file", "torn line"];

class Verifier {
  readonly #head: ChainPosition | undefined;
  readonly #from: ChainPosition;
  #last: ReadLine | undefined;
  #torn: Torn | undefined;
  #anchored = false;
  #seen = false;
  #counting: boolean;

  constructor(stored: StoredHead | undefined) {
    this.#head = stored?.head;
    this.#from = stored?.from ?? START;
    this.#counting = this.#from.line === 0;
  }

  /** Takes the next line. Answers what is wrong with it, if anything is. */
  next(bytes: Uint8Array): string | undefined {
    const line = readLine(bytes);
    if (!this.#counting && !this.#begins(line)) return undefined;
    if (line === undefined) {
      if (this.#torn === undefined) this.#torn = new Torn(bytes);
      else this.#torn.add(bytes);
      return undefined;
    }
    const finding = this.#tornFinding(line) ?? this.#linkFinding(line) ?? this.#headFinding(line);
    this.#last = line;
    this.#torn = undefined;
    this.#anchored ||= line.note?.anchored === true;
    return finding;
  }

  /** What is wrong with where the lines end. */
  end(): string | undefined {
    if (!this.#counting && this.#seen) return `line ${this.#from.line} is missing or was altered`;
    const last = this.#last?.line ?? 0;
    if (this.#torn !== undefined) return `what stands behind line ${last} is no audit line`;
    if (this.#head !== undefined && last < this.#head.line) {
      return last === 0
        ? `the lines up to ${this.#head.line} are missing`
        : `the lines after ${last} up to ${this.#head.line} are missing`;
    }
    if (this.#head === undefined && this.#anchored) {
      return "the storage has no head of this chain, which had one: it was deleted, or the storage is another";
    }
    return undefined;
  }

  /** Whether the chain counts from this line on: it is the one where it begins, or the first of later files. */
  #begins(line: ReadLine | undefined): boolean {
    if (line === undefined) return false;
    const isFirst = !this.#seen;
    this.#seen = true;
    this.#counting = line.hash === this.#from.hash || (isFirst && line.line > this.#from.line);
    return this.#counting;
  }

  #tornFinding(line: ReadLine): string | undefined {
    if (this.#torn === undefined || this.#torn.isWhat(line)) return undefined;
    return `what stands before line ${line.line} is no audit line`;
  }

  #linkFinding(line: ReadLine): string | undefined {
    if (this.#last === undefined) return this.#startFinding(line);
    if (line.line !== this.#last.line + 1) return `line ${line.line} follows line ${this.#last.line}`;
    return line.previous === this.#last.hash ? undefined : `line ${this.#last.line} was altered`;
  }

  #startFinding(line: ReadLine): string | undefined {
    if (line.line === 1) return line.previous === START.hash ? undefined : "line 1 was altered";
    if (line.hash === this.#from.hash) return undefined;
    if (!BEGINS_A_FILE.includes(line.note?.name ?? "")) return `the lines before ${line.line} are missing`;
    if (this.#head === undefined || this.#head.line >= line.line) return undefined;
    if (this.#head.line + 1 === line.line) {
      return line.previous === this.#head.hash ? undefined : `line ${this.#head.line} was altered`;
    }
    return `the lines after ${this.#head.line} up to ${line.line - 1} are missing`;
  }

  #headFinding(line: ReadLine): string | undefined {
    if (this.#head === undefined || line.line !== this.#head.line || line.hash === this.#head.hash) return undefined;
    return `line ${line.line} is not the one that was written`;
  }
}

/**
 * Checks lines (without line ends) against each other and against the stored head, if there is one. Lines behind the head
 * are held together by the chain alone. Answers one sentence on what is wrong first, or undefined.
 */
export async function verifyChain(
  lines: AsyncIterable<Uint8Array>,
  stored: StoredHead | undefined,
): Promise<string | undefined> {
  const verifier = new Verifier(stored);
  for await (const bytes of lines) {
    const finding = verifier.next(bytes);
    if (finding !== undefined) return finding;
  }
  return verifier.end();
}
