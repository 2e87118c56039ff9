// SPDX-License-Identifier: Apache-2.0
/** The end of an audit file: its last whole line, and what a crash left behind it. */
import type { AppendFile } from "./append-file.ts";
import { type ChainPosition, readLine } from "./line.ts";

/** Longer than any line of ours, several times over: a line holds numbers, names and at most 255 fingerprints. */
const TAIL_BYTES = 256 * 1024;
const LINE_END = 0x0a;
/** What every line of ours begins with. */
const BEGINNING = '{"time":"';

/** The end of an audit file. */
export interface Tail {
  /** The last whole line; undefined where there is none. */
  readonly last: ChainPosition | undefined;
  /** Everything behind it: empty, or a torn line. */
  readonly torn: Buffer;
  /** The last line is whole but for its line end. */
  readonly open: boolean;
}

/** Whether a file without a whole line can be one of ours, whose first line was torn. */
function isBeginning(bytes: Buffer): boolean {
  const start = bytes.subarray(0, BEGINNING.length).toString("latin1");
  return BEGINNING.startsWith(start);
}

/** The end of `file`, or undefined where it holds something else than audit lines. */
export async function readTail(file: AppendFile): Promise<Tail | undefined> {
  const size = await file.size();
  const from = Math.max(0, size - TAIL_BYTES);
  const bytes = await file.read(from, size - from);
  const behind = readLine(bytes.subarray(bytes.lastIndexOf(LINE_END) + 1));
  if (behind !== undefined) return { last: behind, torn: Buffer.alloc(0), open: true };
  for (let end = bytes.lastIndexOf(LINE_END); end >= 0; ) {
    const before = end === 0 ? -1 : bytes.lastIndexOf(LINE_END, end - 1);
    const line = readLine(bytes.subarray(before + 1, end));
    if (line !== undefined) return { last: line, torn: bytes.subarray(end + 1), open: false };
    end = before;
  }
  return from === 0 && isBeginning(bytes) ? { last: undefined, torn: bytes, open: false } : undefined;
}
