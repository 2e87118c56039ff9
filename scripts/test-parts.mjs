// SPDX-License-Identifier: Apache-2.0
// The real parts that tests run against. What can be installed is installed, once; what cannot is named.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const SOFTHSM = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
];

function onPath(command) {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

function apt(...packages) {
  if (!onPath("apt-get") || process.getuid?.() !== 0) return false;
  console.error(`Installing ${packages.join(", ")} for the tests …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { stdio: ["ignore", "ignore", "inherit"], env };
  spawnSync("apt-get", ["update", "-qq"], options);
  return spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], options).status === 0;
}

/** Runs one of our sources and answers how it ended; what it says on standard error is shown. */
function runSource(root, node, file, ...args) {
  const options = { stdio: ["ignore", "ignore", "inherit"] };
  return spawnSync(node, ["--conditions=source", join(root, file), ...args], options).status;
}

/**
 * kryoptic, built from its sources into the cache folder unless it is there; about a minute the first time. Answers why
 * it could not be, or undefined.
 */
function buildKryoptic(root, node) {
  const script = "packages/testing/src/build-kryoptic.ts";
  if (runSource(root, node, script, "--check") === 0) return undefined;
  if (!onPath("cargo")) return "cargo is not installed (https://rustup.rs)";
  const packages = ["libclang-dev", "libssl-dev", "libsqlite3-dev", "pkg-config"];
  apt(...packages);
  console.error("Building kryoptic for the tests (once; about a minute) …");
  if (runSource(root, node, script) === 0) return undefined;
  return `cargo could not build it (it needs ${packages.join(", ")})`;
}

/** LocalStack, installed by pip into the cache folder unless it is there. Answers why it could not be, or undefined. */
function installLocalStack(root, node) {
  const script = "packages/testing/src/install-localstack.ts";
  if (runSource(root, node, script, "--check") === 0) return undefined;
  console.error("Installing LocalStack for the tests (once; about half a minute) …");
  const status = runSource(root, node, script);
  if (status === 0) return undefined;
  return status === 2
    ? "there is no Python 3.13 or newer with pip (name one in SEALWRIGHT_PYTHON)"
    : "pip could not install it";
}

/** Each part: how to see that it is there, and what to install where it is not. */
const PARTS = [
  { name: "SoftHSM", present: () => SOFTHSM.some(existsSync) && onPath("softhsm2-util"), packages: ["softhsm2"] },
  { name: "pkcs11-tool", present: () => onPath("pkcs11-tool"), packages: ["opensc"] },
  { name: "C compiler", present: () => onPath(process.env.CC ?? "cc"), packages: ["gcc", "libc6-dev"] },
];

/** Installs what is missing where that can be done; answers what still is, and the environment that the tests need. */
export function setUpParts(root, node) {
  const missing = PARTS.filter((part) => !part.present() && !(apt(...part.packages) && part.present())).map(
    ({ name, packages }) => ({
      name,
      why: `it is not installed and could not be (as root: apt-get install ${packages.join(" ")})`,
    }),
  );
  const made = [
    { name: "kryoptic", why: buildKryoptic(root, node) },
    { name: "LocalStack", why: installLocalStack(root, node) },
  ].filter(({ why }) => why !== undefined);
  return { env: {}, missing: [...missing, ...made] };
}
