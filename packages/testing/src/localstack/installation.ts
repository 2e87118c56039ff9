// SPDX-License-Identifier: Apache-2.0
/** LocalStack without Docker: which Python runs it, which packages it is, and where they are kept. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { cacheFolder, sourceHash } from "../native-cache.ts";

/** Pinned, because newer combinations fail: cbor2 6 and pyOpenSSL 26 break LocalStack. */
export const LOCALSTACK_PACKAGES = [
  "localstack-core[base-runtime]==2026.3.0",
  "moto-ext==5.1.54",
  "cbor2==5.9.0",
  "pyopenssl==25.1.0",
] as const;

/** LocalStack, ready to be started. */
export interface LocalStackInstallation {
  /** The interpreter. */
  readonly python: string;
  /** The folder of packages, for `PYTHONPATH`. */
  readonly packages: string;
}

const PYTHON_FILE = "sealwright-python";

function packagesFolder(): string {
  return join(cacheFolder(), `localstack-${sourceHash([], LOCALSTACK_PACKAGES.join("\n"))}`);
}

/** What was installed by {@link installLocalStack}, or undefined. */
export function findLocalStack(): LocalStackInstallation | undefined {
  const packages = packagesFolder();
  const note = join(packages, PYTHON_FILE);
  if (!existsSync(note)) return undefined;
  const python = readFileSync(note, "utf8");
  return existsSync(python) ? { python, packages } : undefined;
}

function pyenvPythons(): string[] {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  if (!existsSync(versions)) return [];
  return readdirSync(versions).map((version) => join(versions, version, "bin/python3"));
}

/** The path of `command` where it is a Python of 3.13 or newer that has pip. */
function suitable(command: string): string | undefined {
  const question = "import sys, pip; assert sys.version_info >= (3, 13); print(sys.executable)";
  const { status, stdout } = spawnSync(command, ["-c", question], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** A Python that can run LocalStack: `SEALWRIGHT_PYTHON`, else one on the `PATH`, else one of pyenv's. */
export function findPython(): string | undefined {
  const named = process.env.SEALWRIGHT_PYTHON;
  const candidates = named === undefined ? ["python3.13", "python3", "python3.14", ...pyenvPythons()] : [named];
  for (const command of candidates) {
    const python = suitable(command);
    if (python !== undefined) return python;
  }
  return undefined;
}

/**
 * Installs LocalStack into the cache folder, once: half a minute and 220 MB. Throws where there is no Python or pip
 * fails.
 */
export function installLocalStack(): LocalStackInstallation {
  const present = findLocalStack();
  if (present !== undefined) return present;
  const python = findPython();
  if (python === undefined) throw new Error("LocalStack needs Python 3.13 or newer with pip");
  const packages = packagesFolder();
  const unfinished = `${packages}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const options = ["--quiet", "--no-input", "--disable-pip-version-check", "--root-user-action=ignore"];
  const args = ["-m", "pip", "install", ...options, "--target", unfinished, ...LOCALSTACK_PACKAGES];
  const { status } = spawnSync(python, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`pip could not install LocalStack; ${python} was used`);
  }
  writeFileSync(join(unfinished, PYTHON_FILE), python);
  const meanwhile = findLocalStack();
  if (meanwhile !== undefined) {
    rmSync(unfinished, { recursive: true, force: true });
    return meanwhile;
  }
  // What is there is of a Python that is gone.
  rmSync(packages, { recursive: true, force: true });
  renameSync(unfinished, packages);
  return { python, packages };
}
