// SPDX-License-Identifier: Apache-2.0
/** Reading audit files line by line, and finding those that were rotated away. */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { AppendFile } from "./append-file.ts";
import { type ChainPosition, type ReadLine, readLine } from "./line.ts";

const CHUNK_BYTES = 1024 * 1024;
const LINE_END = 0x0a;

async function* chunksOf(file: AppendFile): AsyncGenerator<Buffer> {
  const size = await file.size();
  for (let position = 0; position < size; position += CHUNK_BYTES) {
    yield await file.read(position, Math.min(CHUNK_BYTES, size - position));
  }
}

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END, start)) {
      yield rest.subarray(start, end);
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

/** The lines of an open file, without their line ends. */
export function linesOf(file: AppendFile): AsyncGenerator<Buffer> {
  return splitLines(chunksOf(file));
}

/** The first of `lines`, or undefined where that is none of ours. */
export async function firstLine(lines: AsyncIterable<Buffer>): Promise<ReadLine | undefined> {
  for await (const line of lines) return readLine(line);
  return undefined;
}

/** A file beside the current one that log rotation put there, and the line that it begins with. */
interface RotatedFile {
  readonly path: string;
  readonly first: number;
}

/** The files that are named like `path` with something behind it and hold audit lines, the oldest first. */
async function rotatedFiles(path: string): Promise<RotatedFile[]> {
  const folder = dirname(path);
  const names = await readdir(folder);
  const found: RotatedFile[] = [];
  for (const name of names.filter(
    (each) => each.startsWith(`${basename(path)}.`) || each.startsWith(`${basename(path)}-`),
  )) {
    const rotated = join(folder, name);
    // What cannot be read is none that helps; the check of the chain then says what is missing.
    const first = await firstLine(splitLines(createReadStream(rotated))).catch(() => undefined);
    if (first !== undefined) found.push({ path: rotated, first: first.line });
  }
  return found.sort((a, b) => a.first - b.first);
}

/** The lines of the rotated files that begin at line `from` or later, or hold it, and before line `until`. */
export async function* rotatedLines(path: string, from: number, until: number): AsyncGenerator<Buffer> {
  const files = (await rotatedFiles(path)).filter(({ first }) => first < until);
  const start = files.findLastIndex(({ first }) => first <= from);
  for (const file of files.slice(Math.max(0, start))) yield* splitLines(createReadStream(file.path));
}

/** The last line that log rotation put beside `path`, for where `path` itself is empty or not there. */
export async function lastRotated(path: string): Promise<ChainPosition | undefined> {
  const newest = (await rotatedFiles(path)).at(-1);
  if (newest === undefined) return undefined;
  let last: ReadLine | undefined;
  for await (const bytes of splitLines(createReadStream(newest.path))) last = readLine(bytes) ?? last;
  return last && { line: last.line, hash: last.hash };
}
