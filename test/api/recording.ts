// SPDX-License-Identifier: Apache-2.0
/** What a real OpenBao 2.6.2 answered to a sequence of requests, row by row. Every key and token in it is a throwaway. */
import { readFileSync } from "node:fs";

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The recordings, by the seal that the recorded server had. */
export const RECORDINGS = ["shamir", "static", "pkcs11", "pkcs11-rsa"] as const;

/** One of {@link RECORDINGS}. */
export type RecordingName = (typeof RECORDINGS)[number];

/** A request and its answer. */
export interface Row {
  readonly name: string;
  readonly state: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** The name of a token made by an earlier row, `none`, or a token word for word. */
  readonly auth: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `{"$raw": text}` was sent as it stands, `{"$note": text}` describes what was sent. */
  readonly body?: Json;
  readonly status: number;
  readonly response_headers: Readonly<Record<string, string>>;
  /** null for an empty body, `{"$raw": text}` where it was no JSON. */
  readonly response: Json;
}

/** Reads the rows of a recording, in order. */
export function readRecording(name: RecordingName): Row[] {
  const text = readFileSync(new URL(`./recordings/${name}.jsonl`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

/** Whether `value` is a JSON object. */
export function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The family of a row: what stands before the first slash of its name. */
export function familyOf({ name }: Row): string {
  return name.split("/", 1)[0] ?? name;
}
