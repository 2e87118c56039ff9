// SPDX-License-Identifier: Apache-2.0
/** A server whose key is on a SoftHSM token, made with the four commands of README. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { findSoftHsm } from "@sealwright/testing/softhsm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { pkcs11Seal, writeConfig } from "./config.ts";
import { expectNoneIn, refusalOf } from "./expectations.ts";
import { childrenOf } from "./processes.ts";

const run = promisify(execFile);
const PIN = "918273";
const TOKEN = { lib: findSoftHsm() ?? "SoftHSM is not installed", tokenLabel: "seal" };
const AES = 'mechanism = "CKM_AES_GCM"';

let work: Workplace;
let env: { SOFTHSM2_CONF: string; HSM_PIN: string };

async function makeToken(): Promise<void> {
  env = { SOFTHSM2_CONF: work.path("softhsm2.conf"), HSM_PIN: PIN };
  await run("mkdir", [work.path("tokens")]);
  await writeFile(env.SOFTHSM2_CONF, `directories.tokendir = ${work.path("tokens")}\n`);
  const pins = ["--so-pin", "56785678", "--pin", PIN];
  const options = { env: { ...process.env, ...env } };
  await run("softhsm2-util", ["--init-token", "--free", "--label", TOKEN.tokenLabel, ...pins], options);
}

async function makeKey(how: "--keygen" | "--keypairgen", type: string): Promise<void> {
  const login = ["--module", TOKEN.lib, "--token-label", TOKEN.tokenLabel, "--login", "--pin", PIN];
  const key = [how, "--key-type", type, "--label", "unseal-key", "--id", "01"];
  await run("pkcs11-tool", [...login, ...key], { env: { ...process.env, ...env } });
}

interface Init {
  readonly recovery_keys_b64: readonly string[];
  readonly root_token: string;
}

async function initialise({ url }: ServerProcess): Promise<Init> {
  const { code, stdout, stderr } = await work.run(["operator", "init", "-format=json", `-address=${url}`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Init;
}

async function putAndGet({ url }: ServerProcess, { root_token }: Init, value: string): Promise<void> {
  const client = { VAULT_ADDR: url, VAULT_TOKEN: root_token };
  expect(await work.run(["kv", "put", "secret/app", `k=${value}`], client)).toMatchObject({ code: 0 });
  expect((await work.run(["kv", "get", "-field=k", "secret/app"], client)).stdout.trim()).toBe(value);
}

const mount = ({ url }: ServerProcess, { root_token }: Init) =>
  work.run(["secrets", "enable", "-path=secret", "-version=1", "kv"], { VAULT_ADDR: url, VAULT_TOKEN: root_token });

beforeEach(async () => {
  work = await Workplace.open();
  await makeToken();
});

afterEach(() => work.close());

describe.each([
  { name: "AES-GCM", how: "--keygen", type: "AES:32", lines: AES },
  {
    name: "RSA-OAEP",
    how: "--keypairgen",
    type: "RSA:2048",
    lines: 'mechanism = "CKM_RSA_PKCS_OAEP"\n  rsa_oaep_hash = "sha1"',
  },
] as const)("a key for $name on the token", ({ how, type, lines }) => {
  test("initialises the server, and opens it by itself at every start", async () => {
    await makeKey(how, type);
    const config = await writeConfig(work, { seal: pkcs11Seal(TOKEN, lines) });
    const first = await work.serve([config], env);
    const init = await initialise(first);
    await mount(first, init);
    await putAndGet(first, init, "one");
    expect((await first.stop()).code).toBe(0);
    const second = await work.serve([config], env);
    await second.command.until(/unsealed/);
    await putAndGet(second, init, "two");
    expectNoneIn(first.output + second.output, [PIN, init.root_token, ...init.recovery_keys_b64]);
  });
});

test("a token without the key: the server is up, uninitialised, and init says which key is missing", async () => {
  const server = await work.serve([await writeConfig(work, { seal: pkcs11Seal(TOKEN, AES) })], env);
  const refused = await work.run(["operator", "init", `-address=${server.url}`]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/unseal-key/) });
  expect((await work.run(["status", `-address=${server.url}`])).stdout).toMatch(/Initialized +false/);
});

test("a library that is not there: one sentence, exit code 1, no process left", async () => {
  const config = await writeConfig(work, { seal: pkcs11Seal({ ...TOKEN, lib: "/nowhere/libhsm.so" }, AES) });
  expect(refusalOf(await work.run(["server", config], env))).toMatch(/\/nowhere\/libhsm\.so/);
});

test("a token that is not there: the server is up and says so, and init changes nothing", async () => {
  const seal = pkcs11Seal({ ...TOKEN, tokenLabel: "another" }, AES);
  const server = await work.serve([await writeConfig(work, { seal })], env);
  const refused = await work.run(["operator", "init", `-address=${server.url}`]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/another/) });
});

describe("a wrong PIN", () => {
  test("is tried once: the server stays up, sealed, says so, and the token does not lock", async () => {
    await makeKey("--keygen", "AES:32");
    const config = await writeConfig(work, { seal: pkcs11Seal(TOKEN, AES) });
    const first = await work.serve([config], env);
    const init = await initialise(first);
    await mount(first, init);
    await first.stop();

    const wrong = await work.serve([config], { ...env, HSM_PIN: "111222" });
    await wrong.command.until(/still sealed:.*PIN/);
    // Nothing could log in again: the process that did is gone, and no further try is announced.
    await expect.poll(() => childrenOf(wrong.command.pid)).toEqual([]);
    expect(await work.run(["status", `-address=${wrong.url}`])).toMatchObject({ code: 2 });
    const status = (await (await fetch(`${wrong.url}/v1/sys/seal-status`)).json()) as Record<string, unknown>;
    expect(status).toMatchObject({ sealed: true, unseal_error_code: "SEAL_DENIED" });
    expect(status).not.toHaveProperty("unseal_next_try");
    expect(wrong.output.match(/still sealed/g)).toHaveLength(1);
    expect(wrong.output).not.toContain("111222");
    expect((await wrong.stop()).code).toBe(0);

    const right = await work.serve([config], env);
    await right.command.until(/unsealed/);
    await putAndGet(right, init, "still there");
  });

  test("is not tried again at a hangup, and the right one is, once the seal's block has it", async () => {
    await makeKey("--keygen", "AES:32");
    const withPin = (pin: string) => pkcs11Seal(TOKEN, AES).replace("env://HSM_PIN", pin);
    const first = await work.serve([await writeConfig(work, { seal: withPin(PIN) })], env);
    await initialise(first);
    await first.stop();

    const server = await work.serve([await writeConfig(work, { seal: withPin("111222") })], env);
    await server.command.until(/still sealed:.*PIN/);
    await expect.poll(() => childrenOf(server.command.pid)).toEqual([]);
    server.command.child.kill("SIGHUP");
    await server.command.until(/reloaded/);
    expect(await childrenOf(server.command.pid)).toEqual([]);
    await writeConfig(work, { seal: withPin(PIN) });
    server.command.child.kill("SIGHUP");
    await server.command.until(/unsealed by the auto seal/);
  });
});

test("the process of the library killed while serving: answers go on, and a new one opens the next time", async () => {
  await makeKey("--keygen", "AES:32");
  const config = await writeConfig(work, { storage: "file", seal: pkcs11Seal(TOKEN, AES) });
  const server = await work.serve([config], env);
  const init = await initialise(server);
  await mount(server, init);
  const [child] = await childrenOf(server.command.pid);
  expect(child).toBeDefined();
  process.kill(child as number, "SIGKILL");
  await server.command.until(/the process of the pkcs11 seal ended/);
  await putAndGet(server, init, "after the kill");
  const [next] = await childrenOf(server.command.pid);
  expect(next).not.toBe(child);
  expect((await server.stop()).code).toBe(0);
  expect(await childrenOf(server.command.pid)).toEqual([]);
});
