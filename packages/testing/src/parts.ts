// SPDX-License-Identifier: Apache-2.0
/** The real parts that tests need and a machine may lack. A test that lacks one is skipped, loudly; never with CI=true. */
import { spawnSync } from "node:child_process";
import { findKryoptic } from "./kryoptic.ts";
import { findLocalStack } from "./localstack/installation.ts";
import { findSoftHsm } from "./softhsm.ts";

function onPath(command: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$0"', command], { stdio: "ignore" }).status === 0;
}

const PARTS = {
  SoftHSM: {
    present: () => findSoftHsm() !== undefined && onPath("softhsm2-util") && onPath("pkcs11-tool"),
    remedy: "apt install softhsm2 opensc",
  },
  "C compiler": { present: () => onPath(process.env.CC ?? "cc"), remedy: "apt install gcc libc6-dev" },
  kryoptic: {
    present: () => findKryoptic() !== undefined && onPath("pkcs11-tool"),
    remedy: "run `npm test`, which builds it where cargo, libclang and OpenSSL's headers are there",
  },
  LocalStack: {
    present: () => findLocalStack() !== undefined,
    remedy: "run `npm test`, which installs it where Python 3.13 or newer with pip is there",
  },
} as const;

/** A part that tests may need. */
export type Part = keyof typeof PARTS;

const known = new Map<Part, boolean>();

/**
 * Whether `part` is missing here: for `describe.skipIf`. Says once per process what is skipped and what to do about it.
 * Throws with `CI=true`, where nothing may be skipped.
 */
export function partMissing(part: Part): boolean {
  const asked = known.get(part);
  if (asked !== undefined) return asked;
  const { present, remedy } = PARTS[part];
  const missing = !present();
  known.set(part, missing);
  if (!missing) return false;
  const sentence = `${part} is missing (${remedy})`;
  if (process.env.CI === "true") throw new Error(`${sentence}, and CI=true allows no skipped tests`);
  process.stderr.write(`SKIPPED: ${sentence}: the tests that need it do not run\n`);
  return true;
}
