// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { reasonOf } from "./files.ts";
import { fetchKeybaseKeys } from "./keybase.ts";

const KEYBASE = "keybase:";
/** Base64 of "-----BEGIN", with which every armored key begins. */
const ARMOR_START = "LS0tLS1CRUdJTi";
/** Columns at which tools break base64: 76 (`base64`), 64 (`openssl`). A line outside of this is a text of its own. */
const WRAPPED = { from: 60, to: 76 };

/**
 * The keys of a comma-separated list of files and `keybase:<user>` names, each as base64 of a public key (binary or
 * armored), in order; undefined when the flag wasn't given. Throws `UsageError` that names flag and entry.
 */
export async function loadPgpKeys(
  flagName: string,
  list: string | undefined,
  env: Io["env"],
): Promise<readonly string[] | undefined> {
  if (list === undefined) return undefined;
  const entries = list.split(",").map((entry) => entry.trim());
  const users = entries.filter((entry) => entry.startsWith(KEYBASE)).map((entry) => entry.slice(KEYBASE.length));
  try {
    const ofUser = await fetchKeybaseKeys([...new Set(users)], env);
    return entries.map((entry) =>
      entry.startsWith(KEYBASE) ? ofUser.get(entry.slice(KEYBASE.length))! : readKeyFile(entry),
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`invalid value ${JSON.stringify(list)} for flag -${flagName}: ${error.message}`, {
      cause: error,
    });
  }
}

/** The same for a flag that takes one key. */
export async function loadPgpKey(
  flagName: string,
  entry: string | undefined,
  env: Io["env"],
): Promise<string | undefined> {
  if (entry?.includes(",")) {
    throw new UsageError(`invalid value ${JSON.stringify(entry)} for flag -${flagName}: expected one key`);
  }
  return (await loadPgpKeys(flagName, entry, env))?.[0];
}

/** The keys of a file that holds one base64 text per key, perhaps wrapped. Throws `UsageError`. */
export function loadPgpKeysFile(flagName: string, path: string): readonly string[] {
  const keys = joinWrappedTexts(readBytes(path, flagName).toString("utf8"));
  if (keys.length === 0) throw new UsageError(`invalid value ${JSON.stringify(path)} for flag -${flagName}: no keys`);
  const wrong = keys.findIndex((key) => !isBase64(key));
  if (wrong >= 0) {
    throw new UsageError(
      `invalid value ${JSON.stringify(path)} for flag -${flagName}: key ${wrong + 1} is not base64 (use gpg --export | base64)`,
    );
  }
  return keys;
}

/**
 * Puts base64 texts that span several lines together: a text goes on while its lines are as long as its first, which
 * has a length that tools break lines at, and without padding; the start of an armored key begins a new one.
 */
export function joinWrappedTexts(content: string): readonly string[] {
  const texts: string[] = [];
  let previous = "";
  let fullLength = 0;
  for (const line of content.split("\n").map((each) => each.trim())) {
    const goesOn =
      previous !== "" &&
      line !== "" &&
      fullLength >= WRAPPED.from &&
      fullLength <= WRAPPED.to &&
      previous.length === fullLength &&
      line.length <= fullLength &&
      !previous.endsWith("=") &&
      !line.startsWith(ARMOR_START);
    if (goesOn) texts.push(`${texts.pop()}${line}`);
    else if (line !== "") {
      texts.push(line);
      fullLength = line.length;
    }
    previous = line;
  }
  return texts;
}

function readKeyFile(path: string): string {
  const bytes = readBytes(path);
  const compact = bytes.toString("latin1").replace(/\s/g, "");
  return isBase64(compact) ? compact : bytes.toString("base64");
}

function readBytes(path: string, flagName?: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = `open ${path}: ${reasonOf(error)}`;
    const told =
      flagName === undefined ? reason : `invalid value ${JSON.stringify(path)} for flag -${flagName}: ${reason}`;
    throw new UsageError(told, { cause: error });
  }
}

function isBase64(text: string): boolean {
  return text !== "" && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
