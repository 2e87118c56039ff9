// SPDX-License-Identifier: Apache-2.0
/** What a software token of any make offers to tests, by way of OpenSC's pkcs11-tool. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How a key is called on the token. */
export interface KeyNames {
  /** `CKA_LABEL`. */
  readonly label: string;
  /** `CKA_ID` in hexadecimal. */
  readonly id: string;
}

/** A token in a folder of its own. Everything here is a throwaway. */
export interface TestToken {
  /** The path of the library. */
  readonly lib: string;
  readonly tokenLabel: string;
  readonly pin: string;
  /** What a process needs in its environment to see this token. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes an AES-256 key. */
  addAesKey(names: KeyNames): Promise<void>;
  /** Makes an RSA pair, of 2048 bits unless told. */
  addRsaKey(names: KeyNames, bits?: number): Promise<void>;
  /** Makes a generic secret of 32 bytes, for HMAC. */
  addHmacKey(names: KeyNames): Promise<void>;
  /** Deletes an AES or HMAC key. */
  deleteSecretKey(names: KeyNames): Promise<void>;
  /** Gives the token another PIN. */
  changePin(from: string, to: string): Promise<void>;
  /** Removes the folder. */
  stop(): Promise<void>;
}

/** Where a token is, for the tools. */
export interface TokenPlace {
  /** How messages call it. */
  readonly kind: string;
  readonly lib: string;
  readonly tokenLabel: string;
  readonly pin: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a tool that prepares a token. Rejects with what to install where the tool is missing. */
export async function tool(kind: string, name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run(name, args, { env: { ...process.env, ...env } });
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const hint = missing ? `${name} is not installed: apt install softhsm2 opensc` : `${name} ${args[0]} failed`;
    throw new Error(`the ${kind} token could not be prepared: ${hint}`, { cause });
  }
}

/** The parts of a {@link TestToken} that pkcs11-tool does alike on any token. */
export function tokenTools({ kind, lib, tokenLabel, pin, env }: TokenPlace): Omit<TestToken, "stop"> {
  const at = ["--module", lib, "--token-label", tokenLabel, "--login"];
  const loggedIn = (...args: string[]): Promise<void> => tool(kind, "pkcs11-tool", [...args, ...at, "--pin", pin], env);
  const named = ({ label, id }: KeyNames): string[] => ["--label", label, "--id", id];
  return {
    lib,
    tokenLabel,
    pin,
    env,
    addAesKey: (names) => loggedIn("--keygen", "--key-type", "AES:32", "--sensitive", "--private", ...named(names)),
    addRsaKey: (names, bits = 2048) => loggedIn("--keypairgen", "--key-type", `RSA:${bits}`, ...named(names)),
    addHmacKey: (names) =>
      loggedIn("--keygen", "--key-type", "GENERIC:32", "--sensitive", "--private", "--usage-sign", ...named(names)),
    deleteSecretKey: (names) => loggedIn("--delete-object", "--type", "secrkey", ...named(names)),
    changePin: (from, to) => tool(kind, "pkcs11-tool", ["--change-pin", ...at, "--pin", from, "--new-pin", to], env),
  };
}
