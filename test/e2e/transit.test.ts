// SPDX-License-Identifier: Apache-2.0
/** One server unseals through another's transit engine, set up by the commands of docs/seals/transit.md. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { AutoUnsealed } from "./auto-unsealed.ts";
import { configFrom } from "./cloud-suite.ts";
import { writeConfig } from "./config.ts";
import { expectNoneIn } from "./expectations.ts";

const page = readFileSync(new URL("../../docs/seals/transit.md", import.meta.url), "utf8");
const policy = /<!-- policy -->\n```hcl\n([^`]+)```/.exec(page)?.[1] ?? "";
const commands = [...page.matchAll(/^sealwright (.+)$/gm)].map((match) => (match[1] ?? "").split(" "));

let guardPlace: Workplace;
let guard: ServerProcess;
let unsealKey: string;
let guardRoot: string;
let token: string;
let server: AutoUnsealed;

const onGuard = (args: readonly string[], input?: string) =>
  guardPlace.run(args, { VAULT_ADDR: guard.url, VAULT_TOKEN: guardRoot }, input);

beforeAll(async () => {
  guardPlace = await Workplace.open();
  server = new AutoUnsealed(await Workplace.open());
  guard = await guardPlace.serve([await writeConfig(guardPlace, {})]);
  guardRoot = "";
  const init = await onGuard(["operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"]);
  const { unseal_keys_b64, root_token } = JSON.parse(init.stdout) as { unseal_keys_b64: string[]; root_token: string };
  [unsealKey = "", guardRoot] = [unseal_keys_b64[0], root_token];
  expect((await onGuard(["operator", "unseal", "-"], unsealKey)).code).toBe(0);
});

afterAll(() => Promise.all([guardPlace?.close(), server?.place.close()]));

/** The example, with the remote at `address` and `line` of its own. */
async function writeExample(address: string, line = ""): Promise<void> {
  const example = await configFrom("examples/config/transit.hcl");
  const local = example.replace(/address += ".*:8210"/, `address = "${address}"\n${line}`);
  await writeFile(server.place.path("server.hcl"), local);
}

describe("the commands of the page", () => {
  test("give the remote an engine, a key, a policy and a token", async () => {
    await writeFile(guardPlace.path("autounseal.hcl"), policy);
    const [enable = [], write = [], policyWrite = [], create = []] = commands;
    for (const args of [enable, write, policyWrite]) expect(await onGuard(args)).toMatchObject({ code: 0 });
    const created = await onGuard([...create, "-field=token"]);
    expect(created.code).toBe(0);
    token = created.stdout.trim();
  });
});

describe("a server with a transit seal", () => {
  test("does not start with a misspelt setting", async () => {
    await writeExample(guard.url, '  key_nam = "autounseal"');
    const { code, stderr } = await server.place.run(["server", "-config=server.hcl"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("did you mean key_name?") });
  });

  test("starts while the remote is down, and says so when it is initialised", async () => {
    await writeExample("http://127.0.0.1:1");
    server.env = { TRANSIT_TOKEN: token };
    await server.start();
    const { code, stderr } = await server.command(["operator", "init"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("nothing listens there") });
    expect(await server.status()).toMatchObject({ initialized: false });
    await server.stop();
  });

  test("is initialised, and unsealed by its remote", async () => {
    await writeExample(guard.url);
    await server.start();
    await server.init();
    expect(await server.status()).toMatchObject({ type: "transit", sealed: false });
    await server.write("secret/app", "correct-horse");
    await server.expectHealth(true);
  });

  test("unseals by itself when it starts, also after the remote's key was rotated", async () => {
    const rotate = commands.at(-1) ?? [];
    expect(rotate.join(" ")).toContain("/rotate");
    expect(await onGuard(rotate)).toMatchObject({ code: 0 });
    await server.restart();
    expect(await server.read("secret/app")).toBe("correct-horse");
  });

  test("moves root key and recovery key to the key's new version by a rewrap, and tells of it", async () => {
    await server.expectRewrapped();
  });

  test("goes on serving while the remote is sealed; what changes keys is 503 and changes nothing", async () => {
    expect(await onGuard(["operator", "seal"])).toMatchObject({ code: 0 });
    await server.expectNoChange("is sealed, so the transit key autounseal cannot be used");
    await server.expectHealth(false);
    expect(await server.read("secret/app")).toBe("correct-horse");
  });

  test("started while the remote is sealed it waits and says why, and unseals within a pause of the remote", async () => {
    await server.stop();
    await server.start();
    await server.says(/still sealed: .*is sealed, so the transit key autounseal cannot be used/);
    expect(await server.status()).toMatchObject({
      sealed: true,
      unseal_error_code: "SEAL_UNAVAILABLE",
      unseal_error: expect.stringContaining(`${guard.url} is sealed`),
    });
    expect(await server.command(["kv", "get", "secret/app"])).toMatchObject({ code: 2 });
    expect(await onGuard(["operator", "unseal", "-"], unsealKey)).toMatchObject({ code: 0 });
    await server.unsealed();
    expect(await server.status()).toMatchObject({ sealed: false });
    expect(await server.read("secret/app")).toBe("correct-horse");
    await server.expectHealth(true);
  });

  test("says what the token lacks when it was revoked, and stays sealed", async () => {
    expect(await onGuard(["token", "revoke", token])).toMatchObject({ code: 0 });
    await server.stop();
    await server.start();
    await server.says(/still sealed: .*denies decrypt with the transit key autounseal/);
    expect(await server.status()).toMatchObject({ sealed: true, unseal_error_code: "SEAL_DENIED" });
    await server.stop();
  });

  test("shows no token, key or secret in its output", () => {
    expectNoneIn(server.logs, [token, server.token, "correct-horse", ...server.recoveryKeys]);
  });
});
