// SPDX-License-Identifier: Apache-2.0
// Brings a checkout to the point where it can run: dependencies installed, everything built. Shared by start and test.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, "node_modules/node/bin/node");
const bundle = join(root, "packages/cli/dist-bundle/sealwright.mjs");
const stamps = join(root, "node_modules/.cache/sealwright");

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

function digest(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}

function stampHolds(name, value) {
  const file = join(stamps, name);
  return existsSync(file) && readFileSync(file, "utf8") === value;
}

function writeStamp(name, value) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), value);
}

function install() {
  const wanted = digest([join(root, "package-lock.json")]);
  if (stampHolds("install", wanted) && existsSync(node)) return;
  console.error("Installing dependencies (once; about half a minute) …");
  const npm = process.env.npm_execpath;
  const [command, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
  const run = spawnSync(command, [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (run.status !== 0) fail("Installing failed. Run `npm ci` in this folder and read what it says.");
  if (!existsSync(node) || spawnSync(node, ["--version"]).status !== 0) {
    fail(
      "npm did not run the install scripts of this project's dependencies (ignore-scripts is set, or they were not " +
        "approved). Run: npm ci --ignore-scripts=false",
    );
  }
  writeStamp("install", wanted);
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "dist", "dist-bundle"].includes(entry.name) ? [] : sources(path);
    return /\.(ts|json|mjs)$/.test(entry.name) ? [path] : [];
  });
}

function build() {
  const inputs = ["packages", "plugins", "scripts", "examples"].flatMap((folder) => sources(join(root, folder))).sort();
  const wanted = createHash("sha256")
    .update(inputs.map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).size}`).join("\n"))
    .digest("hex");
  if (stampHolds("build", wanted) && existsSync(bundle)) return;
  console.error("Building …");
  const run = spawnSync(node, [join(root, "scripts/build.mjs")], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (run.status !== 0) fail("Building failed; the lines above say where.");
  writeStamp("build", wanted);
}

/** Installs the dependencies where they are missing or older than package-lock.json; says so on standard error. */
export function installDependencies() {
  if (Number(process.versions.node.split(".")[0]) < 20) fail(`Node 20 or newer is needed, this is ${process.version}.`);
  install();
}

/** Installs and builds what is missing or older than its sources; says what it does on standard error. */
export function prepare() {
  installDependencies();
  build();
  return { root, node };
}
