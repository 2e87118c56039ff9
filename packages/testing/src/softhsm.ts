// SPDX-License-Identifier: Apache-2.0
/** A SoftHSM token of its own for a test, made with softhsm2-util and OpenSC's pkcs11-tool. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const LIBRARIES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/** How a key is called on the token. */
export interface KeyNames {
  /** `CKA_LABEL`. */
  readonly label: string;
  /** `CKA_ID` in hexadecimal. */
  readonly id: string;
}

/** What {@link softHsm} makes. */
export interface SoftHsmOptions {
  /** The token's label, `seal` if left out. */
  readonly tokenLabel?: string;
  /** The user's PIN, `1234` if left out. */
  readonly pin?: string;
  /** A folder of tokens to copy instead of making a new one; `tokenLabel` and `pin` then say what is in it. */
  readonly tokens?: string;
}

/** A token in a folder of its own. Everything here is a throwaway. */
export interface SoftHsm {
  /** The path of the library. */
  readonly lib: string;
  readonly tokenLabel: string;
  readonly pin: string;
  /** What a process needs in its environment to see this token: `SOFTHSM2_CONF`. */
  readonly env: { readonly SOFTHSM2_CONF: string };
  /** Makes an AES-256 key. */
  addAesKey(names: KeyNames): Promise<void>;
  /** Makes an RSA pair, of 2048 bits unless told. */
  addRsaKey(names: KeyNames, bits?: number): Promise<void>;
  /** Deletes an AES key. */
  deleteAesKey(names: KeyNames): Promise<void>;
  /** Gives the token another PIN. */
  changePin(from: string, to: string): Promise<void>;
  /** Takes the token away, as if the device were pulled out, and gives back what plugs it in again. */
  unplug(): Promise<() => Promise<void>>;
  /** Removes the folder. */
  stop(): Promise<void>;
}

/** The SoftHSM library on this machine (`SOFTHSM2_LIB` wins), or undefined. */
export function findSoftHsm(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = env.SOFTHSM2_LIB === undefined ? LIBRARIES : [env.SOFTHSM2_LIB];
  return candidates.find((path) => existsSync(path));
}

async function tool(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run(name, args, { env: { ...process.env, ...env } });
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const hint = missing ? `${name} is not installed: apt install softhsm2 opensc` : `${name} ${args[0]} failed`;
    throw new Error(`the SoftHSM token could not be prepared: ${hint}`, { cause });
  }
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
  const folder = await mkdtemp(join(tmpdir(), "softhsm-"));
  const tokenFolder = join(folder, "tokens");
  const env = { SOFTHSM2_CONF: join(folder, "softhsm2.conf") };
  await writeFile(
    env.SOFTHSM2_CONF,
    `directories.tokendir = ${tokenFolder}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`,
  );
  const stop = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const pkcs11Tool = (...args: string[]): Promise<void> =>
    tool("pkcs11-tool", [...args, "--module", lib, "--token-label", tokenLabel, "--login", "--pin", pin], env);
  const named = ({ label, id }: KeyNames): string[] => ["--label", label, "--id", id];

  try {
    if (tokens === undefined) {
      await mkdir(tokenFolder);
      const pins = ["--so-pin", "5678", "--pin", pin];
      await tool("softhsm2-util", ["--init-token", "--free", "--label", tokenLabel, ...pins], env);
    } else {
      await cp(tokens, tokenFolder, { recursive: true });
    }
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    lib,
    tokenLabel,
    pin,
    env,
    addAesKey: (names) => pkcs11Tool("--keygen", "--key-type", "AES:32", "--sensitive", ...named(names)),
    addRsaKey: (names, bits = 2048) => pkcs11Tool("--keypairgen", "--key-type", `RSA:${bits}`, ...named(names)),
    deleteAesKey: (names) => pkcs11Tool("--delete-object", "--type", "secrkey", ...named(names)),
    changePin: (from, to) =>
      tool(
        "pkcs11-tool",
        ["--change-pin", "--module", lib, "--token-label", tokenLabel, "--login", "--pin", from, "--new-pin", to],
        env,
      ),
    async unplug() {
      const away = join(folder, "unplugged");
      await rename(tokenFolder, away);
      return () => rename(away, tokenFolder);
    },
    stop,
  };
}
