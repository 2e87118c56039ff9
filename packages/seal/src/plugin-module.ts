// SPDX-License-Identifier: Apache-2.0
/** From a module to the plugin that it exports. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { checkPlugin } from "./check-plugin.ts";
import type { AutoSealPlugin } from "./contract.ts";
import { SealError } from "./errors.ts";

/** A module whose export `plugin` is the plugin of an auto seal. */
export interface PluginModule {
  /** A file URL, or without `sha256` the name of a package that this package sees. */
  readonly specifier: string;
  /** The SHA-256 of the file in lower-case hexadecimal, where only that one will do. */
  readonly sha256?: string;
}

const LONGEST_REASON = 300;

function unavailable(message: string, cause?: unknown): SealError {
  return new SealError("SEAL_PLUGIN_UNAVAILABLE", message, { cause, advice: "correct the module, or the path to it" });
}

/** The first line of what a module failed with. It has not been given any setting by then. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = (text.split("\n", 1)[0] ?? "").slice(0, LONGEST_REASON);
  return error instanceof SyntaxError ? `its syntax is wrong (${line})` : `it fails (${line})`;
}

/** Node's own message for a file that is missing would name the file that asks for it. */
async function checkFile(path: string, sha256: string | undefined): Promise<void> {
  const content = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw unavailable(`the module ${path} cannot be read (${cause.code})`, cause);
  });
  const found = createHash("sha256").update(content).digest("hex");
  if (sha256 === undefined || found === sha256) return;
  throw new SealError(
    "SEAL_PLUGIN_UNAVAILABLE",
    `the module ${path} has the SHA-256 ${found}, and ${sha256} is expected: nothing of it was loaded`,
    { advice: "find out who changed the file; if the change is wanted, correct sha256" },
  );
}

/**
 * The plugin that `module` exports, after a look at its form. Rejects with `SEAL_PLUGIN_UNAVAILABLE` for a file of
 * another SHA-256, of which nothing runs then, for a module that cannot be loaded, and for one that exports no plugin.
 * The digest is that of the file alone, not of what it imports. Throws `TypeError` for a digest without a file URL.
 */
export async function importPlugin({ specifier, sha256 }: PluginModule): Promise<AutoSealPlugin> {
  const path = sha256 !== undefined || specifier.startsWith("file:") ? fileURLToPath(specifier) : undefined;
  if (path !== undefined) await checkFile(path, sha256);
  const name = path ?? specifier;
  let loaded: object;
  try {
    loaded = (await import(specifier)) as object;
  } catch (cause) {
    throw unavailable(`the module ${name} cannot be loaded: ${reasonOf(cause)}`, cause);
  }
  return checkPlugin("plugin" in loaded ? loaded.plugin : undefined, `the module ${name}`);
}
