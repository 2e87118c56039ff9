// SPDX-License-Identifier: Apache-2.0
/** A SoftHSM token of its own for a test, made with softhsm2-util and OpenSC's pkcs11-tool. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestToken, tokenTools, tool } from "./test-token.ts";

const LIBRARIES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/** What {@link softHsm} makes. */
export interface SoftHsmOptions {
  /** The token's label, `seal` if left out. */
  readonly tokenLabel?: string;
  /** The user's PIN, `1234` if left out. */
  readonly pin?: string;
  /** A folder of tokens to copy instead of making a new one; `tokenLabel` and `pin` then say what is in it. */
  readonly tokens?: string;
}

/** A SoftHSM token. */
export interface SoftHsm extends TestToken {
  readonly env: { readonly SOFTHSM2_CONF: string };
  /** Takes the token away, as if the device were pulled out, and gives back what plugs it in again. */
  unplug(): Promise<() => Promise<void>>;
}

/** The SoftHSM library on this machine (`SOFTHSM2_LIB` wins), or undefined. */
export function findSoftHsm(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = env.SOFTHSM2_LIB === undefined ? LIBRARIES : [env.SOFTHSM2_LIB];
  return candidates.find((path) => existsSync(path));
}

/**
 * A token in a private folder, initialised, without keys. Rejects with what to install where SoftHSM or OpenSC is
 * missing.
 */
export async function softHsm(options: SoftHsmOptions = {}): Promise<SoftHsm> {
  const { tokenLabel = "seal", pin = "1234", tokens } = options;
  const lib = findSoftHsm();
  if (lib === undefined) {
    throw new Error("SoftHSM is not installed: apt install softhsm2 opensc, or name libsofthsm2.so in SOFTHSM2_LIB");
  }
  const folder = await mkdtemp(join(tmpdir(), "sealwright-softhsm-"));
  const tokenFolder = join(folder, "tokens");
  const env = { SOFTHSM2_CONF: join(folder, "softhsm2.conf") };
  await writeFile(
    env.SOFTHSM2_CONF,
    `directories.tokendir = ${tokenFolder}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`,
  );
  const stop = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    if (tokens === undefined) {
      await mkdir(tokenFolder);
      const pins = ["--so-pin", "5678", "--pin", pin];
      await tool("SoftHSM", "softhsm2-util", ["--init-token", "--free", "--label", tokenLabel, ...pins], env);
    } else {
      await cp(tokens, tokenFolder, { recursive: true });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...tokenTools({ kind: "SoftHSM", lib, tokenLabel, pin, env }),
    env,
    async unplug() {
      const away = join(folder, "unplugged");
      await rename(tokenFolder, away);
      return () => rename(away, tokenFolder);
    },
    stop,
  };
}
