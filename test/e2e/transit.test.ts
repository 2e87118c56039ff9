// SPDX-License-Identifier: Apache-2.0
/** One server unseals through another's transit engine, set up by the commands of docs/seals/transit.md. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { writeConfig } from "./config.ts";
import { expectNoneIn } from "./expectations.ts";

const page = readFileSync(new URL("../../docs/seals/transit.md", import.meta.url), "utf8");
const policy = /<!-- policy -->\n```hcl\n([^`]+)```/.exec(page)?.[1] ?? "";
const commands = [...page.matchAll(/^sealwright (.+)$/gm)].map((match) => (match[1] ?? "").split(" "));

let guardPlace: Workplace;
let place: Workplace;
let guard: ServerProcess;
let server: ServerProcess;
let config: string;
let unsealKey: string;
let guardRoot: string;
let token: string;
let root = "";
let recoveryKeys: string[] = [];
let logs = "";

const onGuard = (args: readonly string[], input?: string) =>
  guardPlace.run(args, { VAULT_ADDR: guard.url, VAULT_TOKEN: guardRoot }, input);
const onServer = (args: readonly string[]) => place.run(args, { VAULT_ADDR: server.url, VAULT_TOKEN: root });

beforeAll(async () => {
  [guardPlace, place] = await Promise.all([Workplace.open(), Workplace.open()]);
  guard = await guardPlace.serve([await writeConfig(guardPlace, {})]);
  guardRoot = "";
  const init = await onGuard(["operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"]);
  const { unseal_keys_b64, root_token } = JSON.parse(init.stdout) as { unseal_keys_b64: string[]; root_token: string };
  [unsealKey = "", guardRoot] = [unseal_keys_b64[0], root_token];
  expect((await onGuard(["operator", "unseal", "-"], unsealKey)).code).toBe(0);
});

afterAll(() => Promise.all([guardPlace.close(), place.close()]));

/** Starts the server that is to be unsealed. */
async function start(): Promise<void> {
  server = await place.serve([config], { TRANSIT_TOKEN: token });
}

async function stop(): Promise<void> {
  const { stdout, stderr } = await server.stop();
  logs += stdout + stderr;
}

async function sealStatus(): Promise<Record<string, unknown>> {
  return (await (await fetch(`${server.url}/v1/sys/seal-status`)).json()) as Record<string, unknown>;
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
    const wrong = await writeConfig(place, { seal: 'seal "transit" {\n  key_nam = "autounseal"\n}\n' });
    const { code, stderr } = await place.run(["server", wrong]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("did you mean key_name?") });
  });

  test("starts while the remote is down, and says so when it is initialised", async () => {
    config = await writeConfig(place, { seal: transitSeal("http://127.0.0.1:1") });
    await start();
    const { code, stderr } = await onServer(["operator", "init"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("nothing listens there") });
    expect(await sealStatus()).toMatchObject({ initialized: false });
    await stop();
  });

  test("is initialised, and unsealed by its remote", async () => {
    config = await writeConfig(place, { seal: transitSeal(guard.url) });
    await start();
    const { code, stdout } = await onServer(["operator", "init", "-format=json"]);
    expect(code).toBe(0);
    const init = JSON.parse(stdout) as { root_token: string; recovery_keys_b64: string[] };
    [root, recoveryKeys] = [init.root_token, init.recovery_keys_b64];
    expect(await sealStatus()).toMatchObject({ type: "transit", sealed: false });
    expect(await onServer(["kv", "put", "secret/app", "password=correct-horse"])).toMatchObject({ code: 0 });
  });

  test("unseals by itself when it starts, also after the remote's key was rotated", async () => {
    const rotate = commands.at(-1) ?? [];
    expect(rotate.join(" ")).toContain("/rotate");
    expect(await onGuard(rotate)).toMatchObject({ code: 0 });
    await stop();
    await start();
    await server.command.until(/unsealed by the auto seal/);
    expect((await onServer(["kv", "get", "-field=password", "secret/app"])).stdout.trim()).toBe("correct-horse");
  });

  test("goes on serving when the remote is sealed", async () => {
    expect(await onGuard(["operator", "seal"])).toMatchObject({ code: 0 });
    expect((await onServer(["kv", "get", "-field=password", "secret/app"])).stdout.trim()).toBe("correct-horse");
  });

  test("started while the remote is sealed it waits and says why, and unseals within a pause of the remote", async () => {
    await stop();
    await start();
    await server.command.until(/still sealed: .*is sealed, so the transit key autounseal cannot be used/);
    expect(await sealStatus()).toMatchObject({
      sealed: true,
      unseal_error_code: "SEAL_UNAVAILABLE",
      unseal_error: expect.stringContaining(`${guard.url} is sealed`),
    });
    expect(await onServer(["kv", "get", "secret/app"])).toMatchObject({ code: 2 });
    expect(await onGuard(["operator", "unseal", "-"], unsealKey)).toMatchObject({ code: 0 });
    await server.command.until(/unsealed by the auto seal/);
    expect(await sealStatus()).toMatchObject({ sealed: false });
    expect((await onServer(["kv", "get", "-field=password", "secret/app"])).stdout.trim()).toBe("correct-horse");
  });

  test("says what the token lacks when it was revoked, and stays sealed", async () => {
    expect(await onGuard(["token", "revoke", token])).toMatchObject({ code: 0 });
    await stop();
    await start();
    await server.command.until(/still sealed: .*denies decrypt with the transit key autounseal/);
    expect(await sealStatus()).toMatchObject({ sealed: true, unseal_error_code: "SEAL_DENIED" });
    await stop();
  });

  test("shows no token, key or secret in its output", () => {
    expectNoneIn(logs, [token, root, "correct-horse", ...recoveryKeys]);
  });
});

function transitSeal(address: string): string {
  return `seal "transit" {
  address    = "${address}"
  token      = "env://TRANSIT_TOKEN"
  mount_path = "transit/"
  key_name   = "autounseal"
}
`;
}
