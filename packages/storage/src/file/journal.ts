// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { join } from "node:path";
import { checkPath, StorageError } from "@sealwright/core";
import type { Changes } from "../changes.ts";
import { systemCode, unlessMissing } from "../errors.ts";
import type { FileSystem } from "../file-system.ts";
import { fromBase64, toBase64 } from "./layout.ts";

const HEADER = "sealwright-journal 1";

function digest(lines: string): string {
  return createHash("sha256").update(lines).digest("hex");
}

/** The journal's bytes: a line `sealwright-journal 1 <SHA-256 of the rest, hex>`, then a line of JSON per change. */
function encodeJournal(changes: Changes): Buffer {
  let lines = "";
  for (const [path, value] of changes) {
    lines += `${JSON.stringify(value ? { put: path, value: toBase64(value) } : { delete: path })}\n`;
  }
  return Buffer.from(`${HEADER} ${digest(lines)}\n${lines}`);
}

function corrupt(what: string, cause?: unknown): StorageError {
  return new StorageError("STORAGE_CORRUPT", `the storage's journal ${what}`, { cause });
}

function decodeLine(line: string): readonly [string, Uint8Array | undefined] {
  const change = JSON.parse(line) as { put?: string; value?: string; delete?: string };
  const path = change.put ?? change.delete ?? "";
  checkPath(path);
  if (change.put === undefined) return [path, undefined];
  const value = fromBase64(change.value ?? "-");
  if (!value) throw corrupt("holds a value that is not base64");
  return [path, value];
}

/** The changes in a journal's bytes; `STORAGE_CORRUPT` unless every byte is as it was written. */
function decodeJournal(bytes: Uint8Array): Changes {
  const text = Buffer.from(bytes).toString();
  const end = text.indexOf("\n");
  const header = text.slice(0, Math.max(end, 0));
  const lines = text.slice(end + 1);
  if (!header.startsWith(`${HEADER} `)) throw corrupt("is not one that this version can read");
  if (header !== `${HEADER} ${digest(lines)}`) throw corrupt("is damaged: its digest differs from its content");
  try {
    return new Map(lines.split("\n").slice(0, -1).map(decodeLine));
  } catch (error) {
    throw corrupt("has a damaged line", error);
  }
}

/**
 * The file that makes a batch one step: the batch is decided from the moment that the journal is durable until its
 * changes are durable in their places.
 */
export class Journal {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #file: string;
  readonly #draft: string;

  constructor(fs: FileSystem, folder: string) {
    this.#fs = fs;
    this.#folder = folder;
    this.#file = join(folder, "journal");
    this.#draft = join(folder, "journal.new");
  }

  /** Writes the journal up to, but not including, the moment that decides. */
  async draft(changes: Changes): Promise<void> {
    await this.#fs.write(this.#draft, encodeJournal(changes));
    await this.#fs.sync(this.#draft);
  }

  /** Decides: when this resolves the draft is the journal, durably. */
  async decide(): Promise<void> {
    await this.#fs.rename(this.#draft, this.#file);
    await this.makeDurable();
  }

  /** The changes that were decided and perhaps not all placed, or undefined if there are none. */
  async read(): Promise<Changes | undefined> {
    try {
      return decodeJournal(await this.#fs.read(this.#file));
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Removes the journal once its changes are durable. Seeing it again after a power loss does no harm. */
  remove(): Promise<void> {
    return this.#fs.remove(this.#file);
  }

  /** Takes back a decision that failed half way, durably. */
  async discard(): Promise<void> {
    await unlessMissing(this.#fs.remove(this.#file));
    await this.makeDurable();
  }

  /** Removes a draft that was not decided. */
  removeDraft(): Promise<void> {
    return unlessMissing(this.#fs.remove(this.#draft));
  }

  /** Makes it durable that the journal is there, or is not. */
  makeDurable(): Promise<void> {
    return this.#fs.sync(this.#folder);
  }
}
