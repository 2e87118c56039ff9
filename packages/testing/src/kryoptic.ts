// SPDX-License-Identifier: Apache-2.0
/**
 * A kryoptic token of its own for a test: a second make of software token, so that no code fits SoftHSM alone. The module
 * is built from `test/kryoptic` by `packages/testing/src/build-kryoptic.ts`, which `npm test` runs.
 */
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, sourceHash } from "./native-cache.ts";
import { type TestToken, tokenTools, tool } from "./test-token.ts";

/** The crate that makes the module. */
export const KRYOPTIC_CRATE = fileURLToPath(new URL("../../../test/kryoptic/", import.meta.url));

const SO_PIN = "56785678";
const SLOT = 42;

/** Where the built module belongs, outside the checkout. */
export function kryopticPath(): string {
  const sources = ["Cargo.toml", "Cargo.lock", "src/lib.rs"].map((name) => join(KRYOPTIC_CRATE, name));
  return join(cacheFolder(), `kryoptic-${sourceHash(sources, process.arch)}.so`);
}

/** The module on this machine (`KRYOPTIC_LIB` wins), or undefined. */
export function findKryoptic(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const path = env.KRYOPTIC_LIB ?? kryopticPath();
  return existsSync(path) ? path : undefined;
}

/** What {@link kryoptic} makes. */
export interface KryopticOptions {
  /** The token's label, `seal` if left out. */
  readonly tokenLabel?: string;
  /** The user's PIN, `1234` if left out. */
  readonly pin?: string;
  /** A database of kryoptic's to copy instead of making a new one; `tokenLabel` and `pin` then say what is in it. */
  readonly database?: string;
}

/** A token in a private folder, initialised, without keys. Rejects where the module or OpenSC is missing. */
export async function kryoptic(options: KryopticOptions = {}): Promise<TestToken> {
  const { tokenLabel = "seal", pin = "1234", database } = options;
  const lib = findKryoptic();
  if (lib === undefined)
    throw new Error("kryoptic is not built: run npm test once, or name its module in KRYOPTIC_LIB");
  const folder = await mkdtemp(join(tmpdir(), "sealwright-kryoptic-"));
  const token = join(folder, "token.sql");
  const env = { KRYOPTIC_CONF: join(folder, "kryoptic.conf") };
  const stop = (): Promise<void> => rm(folder, { recursive: true, force: true });
  await writeFile(
    env.KRYOPTIC_CONF,
    `[[slots]]\nslot = ${SLOT}\ndbtype = "sqlite"\ndbargs = ${JSON.stringify(token)}\n`,
  );
  const prepare = (...args: string[]): Promise<void> =>
    tool("kryoptic", "pkcs11-tool", [...args, "--module", lib, "--so-pin", SO_PIN], env);
  try {
    if (database === undefined) {
      await prepare("--init-token", "--slot", String(SLOT), "--label", tokenLabel);
      await prepare("--init-pin", "--login", "--login-type", "so", "--token-label", tokenLabel, "--new-pin", pin);
    } else {
      await cp(database, token);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...tokenTools({ kind: "kryoptic", lib, tokenLabel, pin, env }), stop };
}
