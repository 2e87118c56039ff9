// SPDX-License-Identifier: Apache-2.0
/** CONTRIBUTING.md's "A seal in an hour", step by step: a package that `plugin new` wrote is tested, built, and unseals. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startToyKms, type ToyKms } from "../../examples/seal-plugin/test/toy-kms.ts";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { writeConfig } from "./config.ts";
import { expectNoneIn } from "./expectations.ts";
import { childrenOf } from "./processes.ts";

const section = readFileSync(new URL("../../CONTRIBUTING.md", import.meta.url), "utf8").split(
  "## A seal in an hour",
)[1];
const blocks = (language: string) => [...(section ?? "").matchAll(new RegExp(`\`\`\`${language}\\n([^\`]+)`, "g"))];
const [written = "", tried = ""] = blocks("sh").map(([, commands = ""]) => commands);
const [hcl = ""] = blocks("hcl").map(([, text = ""]) => text);

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const run = promisify(execFile);
/** A test run of its own, beside this one. */
const SCRIPT_MS = 60_000;

let place: Workplace;
let kms: ToyKms;
let server: ServerProcess;
let root = "";
let recoveryKeys: string[] = [];
let logs = "";

beforeAll(async () => {
  [place, kms] = await Promise.all([Workplace.open(), startToyKms("root")]);
});
afterAll(() => Promise.all([place.close(), kms.stop()]));

const onServer = (args: readonly string[]) => place.run(args, { VAULT_ADDR: server.url, VAULT_TOKEN: root });
const password = async () => (await onServer(["kv", "get", "-field=password", "secret/app"])).stdout.trim();

/** Runs a script of the package, as `npm run` does. */
async function script(name: string): Promise<string> {
  const { stdout } = await run("npm", ["run", name], {
    cwd: place.path("acme"),
    env: { ...process.env, NO_COLOR: "1" },
  });
  return stdout;
}

function configuration(plugin: string, seal = ""): Promise<string> {
  return writeConfig(place, {
    seal: `plugin "acme" {\n  ${plugin}\n}\nseal "acme" {\n  address = "${kms.address}"\n  key_name = "root"\n${seal}}\n`,
  });
}

async function start(config: string): Promise<void> {
  server = await place.serve([config], { ACME_TOKEN: kms.token });
}

async function stop(): Promise<void> {
  const { code, stdout, stderr } = await server.stop();
  logs += stdout + stderr;
  expect(code).toBe(0);
}

describe("the section of CONTRIBUTING.md", () => {
  test("has the commands that this test runs", () => {
    const make = ["npx sealwright plugin new -dir=examples/acme acme", "cd examples/acme", "npm install"];
    expect(written.trim().split("\n")).toEqual([...make, "npm test", "npm run build"]);
    const [doctor, server] = ["seal doctor", "server"].map((name) => `npx sealwright ${name} -config=server.hcl`);
    expect(tried.trim().split("\n")).toEqual([doctor, server]);
  });
});

describe("the package that plugin new writes", () => {
  test("is written, and finds its packages as an installed one does", async () => {
    expect(await place.run(["plugin", "new", "acme"])).toMatchObject({ code: 0 });
    // In place of npm install, which would ask a registry.
    await symlink(MODULES, place.path("acme", "node_modules"));
    expect(await place.run(["plugin", "new", "acme"])).toMatchObject({ code: 1 });
  });

  test("passes its tests, the conformance suite among them", { timeout: SCRIPT_MS }, async () => {
    expect(await script("test")).toMatch(/Tests +\d+ passed \(\d+\)/);
  });

  test("is built", { timeout: SCRIPT_MS }, async () => {
    await script("build");
    expect(await readFile(place.path("acme", "dist", "index.js"), "utf8")).toContain('type: "acme"');
  });
});

describe("a server with that seal", () => {
  test("is told of a misspelt setting with its place, and does not start", async () => {
    const wrong = await configuration('module = "./acme/dist/index.js"', '  key_nam = "x"\n');
    const { code, stderr } = await place.run(["server", wrong]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/server\.hcl:\d+:3: .*"key_nam"/) });
  });

  test("finds it well with seal doctor", async () => {
    const config = await writeConfig(place, { seal: hcl.replace(/http:[^"]+/, kms.address) });
    const { code, stdout } = await place.run(["seal", "doctor", config], { ACME_TOKEN: kms.token });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/ok +acme +texts were wrapped/) });
  });

  test("is explained with its plugin's settings, the token masked", async () => {
    const config = await configuration('module = "./acme/dist/index.js"');
    const { code, stdout } = await place.run(["config", "explain", config], { ACME_TOKEN: kms.token });
    expect(code).toBe(0);
    for (const setting of ["plugin.acme.module", "seal.acme.key_name", "seal.acme.token"])
      expect(stdout).toContain(setting);
    expectNoneIn(stdout, [kms.token]);
  });

  test("is initialised, unsealed, and masks the token", async () => {
    const index = await readFile(place.path("acme", "dist", "index.js"));
    const sha256 = createHash("sha256").update(index).digest("hex");
    await start(await configuration(`module = "./acme/dist/index.js"\n  sha256 = "${sha256}"`));
    const { code, stdout } = await onServer(["operator", "init", "-format=json"]);
    expect(code).toBe(0);
    const init = JSON.parse(stdout) as { root_token: string; recovery_keys_b64: string[] };
    [root, recoveryKeys] = [init.root_token, init.recovery_keys_b64];
    expect(await onServer(["kv", "put", "secret/app", "password=correct-horse"])).toMatchObject({ code: 0 });
    expect(server.output).toMatch(/Auto Seal: acme \(.*token: "\[secret\]"/);
  });

  test("names it in status and metrics", async () => {
    expect((await onServer(["status"])).stdout).toMatch(/Seal Type +acme/);
    const metrics = await fetch(`${server.url}/v1/sys/metrics?format=prometheus`, {
      headers: { "x-vault-token": root },
    });
    expect(await metrics.text()).toMatch(/seal[^\n]*"acme"/);
    await stop();
  });

  test("unseals by itself in a process of the seal's own, from a package, which sees none of its variables", async () => {
    await mkdir(place.path("node_modules"));
    await symlink(place.path("acme"), place.path("node_modules", "sealwright-seal-acme"));
    await start(await configuration('module = "sealwright-seal-acme"', '  isolation = "process"\n'));
    await server.command.until(/unsealed by the auto seal/);
    expect(await password()).toBe("correct-horse");
    const [child] = await childrenOf(server.command.pid);
    const environment = await readFile(`/proc/${child}/environ`, "utf8");
    expect(environment).toContain("PATH=");
    expect(environment).not.toContain(kms.token);
    await stop();
  });

  test("from its sources waits while the KMS is down and says why, and unseals when it is back", async () => {
    kms.answerWith(503);
    await start(await configuration('module = "./acme/src/index.ts"'));
    await server.command.until(/still sealed: the KMS at .*: no answer to unwrap with root\/1/);
    kms.answerWith(undefined);
    await server.command.until(/unsealed by the auto seal/);
    expect(await password()).toBe("correct-horse");
    await stop();
  });

  test("shows no token, key or secret in its output", () => {
    expectNoneIn(logs, [kms.token, root, "correct-horse", ...recoveryKeys]);
  });
});
