// SPDX-License-Identifier: Apache-2.0
/** One line of the audit file: JSON that names its number and the SHA-256 of the line before, so that lines form a chain. */
import { createHash } from "node:crypto";
import * as z from "zod";

/** A place in the chain: a line's number, counted from 1 over all files, and its SHA-256 (hex, without its line end). */
export interface ChainPosition {
  readonly line: number;
  readonly hash: string;
}

/** Before the first line there ever was. */
export const START: ChainPosition = { line: 0, hash: "0".repeat(64) };

/** What a note is about: something that happened to the file or the store, and was no request. */
export type Note =
  /** A line was cut short by a crash or a full disk; `sha256` and `bytes` are of what stands before this note. */
  | { readonly name: "torn line"; readonly bytes: number; readonly sha256: string }
  /** The file was opened again and is a new one; the chain goes on. */
  | { readonly name: "new file" }
  /** The store was unsealed and the chain checked. `anchored`: the head of the chain is stored from here on. */
  | { readonly name: "unsealed"; readonly by: string; readonly anchored: boolean; readonly finding?: string };

/** What a line tells, without its time and its place in the chain. Field names are Vault's. */
export type AuditContent =
  | { readonly type: "request"; readonly auth?: object; readonly request: object }
  | {
      readonly type: "response";
      readonly auth?: object;
      readonly request: object;
      readonly response: object;
      readonly error?: string;
    }
  | { readonly type: "note"; readonly note: Note };

const SHA256 = /^[0-9a-f]{64}$/;
const lineSchema = z.object({
  chain: z.object({ line: z.int().positive(), previous: z.string().regex(SHA256) }),
  note: z
    .object({ name: z.string(), bytes: z.int(), sha256: z.string(), anchored: z.boolean() })
    .partial({ bytes: true, sha256: true, anchored: true })
    .optional(),
});

/** A line as it was read, with the place that it claims. */
export interface ReadLine extends ChainPosition {
  /** The SHA-256 that it says the line before has. */
  readonly previous: string;
  readonly note: z.output<typeof lineSchema>["note"];
}

/** The digest in lower-case hex. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The line that follows `after`, without its line end, and its place. `time` is RFC 3339. */
export function lineAfter(
  after: ChainPosition,
  time: string,
  content: AuditContent,
): { text: string; position: ChainPosition } {
  const line = after.line + 1;
  const text = JSON.stringify({ time, ...content, chain: { line, previous: after.hash } });
  return { text, position: { line, hash: sha256(text) } };
}

/** The line that `bytes` (without line end) are, or undefined where they are none of ours. */
export function readLine(bytes: Uint8Array): ReadLine | undefined {
  try {
    const { chain, note } = lineSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    return { line: chain.line, previous: chain.previous, hash: sha256(bytes), note };
  } catch {
    return undefined;
  }
}
