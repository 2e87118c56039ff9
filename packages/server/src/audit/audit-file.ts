// SPDX-License-Identifier: Apache-2.0
/** The audit file: lines go to its end one after another, each on disk before `append` resolves. */
import { Mutex } from "@sealwright/core";
import { type AppendFile, type OpenAppendFile, openAppendFile } from "./append-file.ts";
import { type AuditContent, type ChainPosition, lineAfter, START, sha256 } from "./line.ts";
import { firstLine, lastRotated, linesOf, rotatedLines } from "./read-lines.ts";
import { readTail, type Tail } from "./tail.ts";
import { type StoredHead, verifyChain } from "./verify.ts";

/** The audit file cannot be used. `message` is one sentence for an operator; `reason` names no path. */
export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly reason: string;
  constructor(path: string, reason: string, options?: { cause?: unknown }) {
    super(`the audit file ${path} ${reason}`, options);
    this.reason = reason;
  }
}

/** Where the file is. */
export interface AuditFileOptions {
  readonly path: string;
  readonly now?: () => Date;
  /** The file system; the real one unless given. */
  readonly openFile?: OpenAppendFile;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "failed";
}

/** The audit file, one line of JSON per event, each with the hash of the one before. */
export class AuditFile {
  readonly #path: string;
  readonly #now: () => Date;
  readonly #openFile: OpenAppendFile;
  readonly #mutex = new Mutex();
  readonly #listeners: ((head: ChainPosition) => void)[] = [];
  #file: AppendFile;
  #head: ChainPosition;
  /** The line whose writing failed: how much of it is in the file is not known. */
  #doubtful: ChainPosition | undefined;
  /** The last line lacks its line end. */
  #open = false;

  private constructor(options: AuditFileOptions, file: AppendFile) {
    this.#path = options.path;
    this.#now = options.now ?? (() => new Date());
    this.#openFile = options.openFile ?? openAppendFile;
    this.#file = file;
    this.#head = START;
  }

  /**
   * Opens the file, or makes it, and goes on where its chain ends: a torn last line is closed by a note, and where log
   * rotation took all lines away, the file beside it says where. Rejects with `AuditError` where the file cannot be
   * written or holds something else.
   */
  static async open(options: AuditFileOptions): Promise<AuditFile> {
    const file = await (options.openFile ?? openAppendFile)(options.path).catch((cause: unknown) => {
      throw new AuditError(options.path, `cannot be opened for writing (${codeOf(cause)})`, { cause });
    });
    const audit = new AuditFile(options, file);
    try {
      await audit.#begin();
      return audit;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The last line that was written. */
  get head(): ChainPosition {
    return this.#head;
  }

  /** Calls `listener` after every line. It must not throw. */
  onAppended(listener: (head: ChainPosition) => void): void {
    this.#listeners.push(listener);
  }

  /** Writes one line; it is on disk when this resolves. Rejects with `AuditError`; a later call tries anew. */
  append(content: AuditContent): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#doubtful !== undefined) await this.#recover(this.#doubtful);
      await this.#write(content);
    });
  }

  /**
   * Opens the path again, after the file was moved away. A new file begins with a note that names the last line of the
   * old one; the same file is left alone. Rejects with `AuditError`, and the old file stays in use.
   */
  reopen(): Promise<void> {
    return this.#mutex.run(async () => {
      const file = await this.#attempt("cannot be opened for writing", () => this.#openFile(this.#path));
      if (file.identity === this.#file.identity) return file.close();
      const old = this.#file;
      this.#file = file;
      try {
        const { torn } = await this.#tail();
        if (torn.length > 0) await this.#closeTorn(torn);
        await this.#write({ type: "note", note: { name: "new file" } });
      } catch (error) {
        this.#file = old;
        await file.close();
        throw error;
      }
      await old.close();
    });
  }

  /** Checks all lines, with what rotation put beside the file where it takes that. Answers what is wrong, or undefined. */
  verify(stored: StoredHead | undefined): Promise<string | undefined> {
    return this.#mutex.run(() => this.#attempt("cannot be read", () => verifyChain(this.#lines(stored), stored)));
  }

  /** Closes the file when all lines are written. */
  close(): Promise<void> {
    return this.#mutex.run(() => this.#file.close());
  }

  async #begin(): Promise<void> {
    const { last, torn } = await this.#tail();
    this.#head =
      (last && { line: last.line, hash: last.hash }) ??
      (await this.#attempt("cannot be read", () => lastRotated(this.#path))) ??
      START;
    if (torn.length > 0) await this.#closeTorn(torn);
    else if (last === undefined && this.#head.line > 0) await this.#write({ type: "note", note: { name: "new file" } });
  }

  /** Finds out how much of the line `doubtful`, whose writing failed, is in the file. */
  async #recover(doubtful: ChainPosition): Promise<void> {
    const { last, torn } = await this.#tail();
    if (last?.hash === doubtful.hash) this.#head = doubtful;
    if (torn.length > 0) await this.#closeTorn(torn);
    this.#doubtful = undefined;
  }

  async #tail(): Promise<Tail> {
    const tail = await this.#attempt("cannot be read", () => readTail(this.#file));
    if (tail === undefined)
      throw new AuditError(this.#path, "holds something else than audit lines: name another file");
    this.#open = tail.open || tail.torn.length > 0;
    return tail;
  }

  async *#lines(stored: StoredHead | undefined): AsyncGenerator<Buffer> {
    const first = await firstLine(linesOf(this.#file));
    if (stored !== undefined && first !== undefined && first.line > stored.head.line + 1) {
      yield* rotatedLines(this.#path, stored.head.line, first.line);
    }
    yield* linesOf(this.#file);
  }

  #closeTorn(torn: Uint8Array): Promise<void> {
    const note = { name: "torn line", bytes: torn.length, sha256: sha256(torn) } as const;
    return this.#write({ type: "note", note });
  }

  async #write(content: AuditContent): Promise<void> {
    const { text, position } = lineAfter(this.#head, this.#now().toISOString(), content);
    this.#doubtful = position;
    await this.#attempt("cannot be written", async () => {
      await this.#file.append(Buffer.from(`${this.#open ? "\n" : ""}${text}\n`));
      await this.#file.sync();
    });
    this.#doubtful = undefined;
    this.#open = false;
    this.#head = position;
    for (const listener of this.#listeners) listener(position);
  }

  async #attempt<T>(failure: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new AuditError(this.#path, `${failure} (${codeOf(cause)})`, { cause });
    }
  }
}
