// SPDX-License-Identifier: Apache-2.0
/** The stock command line of OpenBao (`BAO_BIN`) against our server, and OpenBao on a directory that we wrote. */
import { rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeConfig } from "../e2e/config.ts";
import { type Finished, RunningCommand, type ServerProcess, Workplace } from "../support/command.ts";
import { freePort } from "../support/free-port.ts";

const bao = process.env.BAO_BIN;

describe.skipIf(bao === undefined)("OpenBao's command line at our server", () => {
  let work: Workplace;
  let server: ServerProcess;
  let keys: readonly string[] = [];
  let token = "";

  const run = (...args: string[]): Promise<Finished> => {
    const env = { BAO_ADDR: server.url, ...(token === "" ? {} : { BAO_TOKEN: token }) };
    return new RunningCommand(args, { cwd: work.folder, env, program: bao ?? "" }).finished;
  };
  const works = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    expect({ args: args[0], code, stderr: code === 0 ? "" : stderr }).toEqual({ args: args[0], code: 0, stderr: "" });
    return stdout;
  };

  beforeAll(async () => {
    work = await Workplace.open();
    server = await work.serve([await writeConfig(work, { storage: "file" })]);
    const init = JSON.parse(await works("operator", "init", "-key-shares=3", "-key-threshold=2", "-format=json")) as {
      unseal_keys_b64: string[];
      root_token: string;
    };
    keys = init.unseal_keys_b64;
    for (const key of keys.slice(0, 2)) await works("operator", "unseal", key);
    token = init.root_token;
  });
  afterAll(() => work.close());

  test("shows a sealed server with exit code 2, and an open one with 0", async () => {
    expect((await run("status")).code).toBe(0);
    await works("operator", "seal");
    expect((await run("status")).code).toBe(2);
    for (const key of keys.slice(1)) await works("operator", "unseal", key);
  });

  test("writes and reads key/value of both versions", async () => {
    await works("kv", "put", "-mount=secret", "one", "a=b");
    expect(await works("kv", "get", "-field=a", "-mount=secret", "one")).toBe("b");
    await works("secrets", "enable", "-path=two", "-version=2", "kv");
    await works("kv", "put", "-mount=two", "x", "c=d");
    await works("kv", "put", "-mount=two", "x", "c=e");
    expect(await works("kv", "get", "-field=c", "-version=1", "-mount=two", "x")).toBe("d");
    expect((await run("kv", "put", "-cas=1", "-mount=two", "x", "c=f")).code).toBe(2);
    expect((await run("kv", "get", "-mount=two", "none")).code).toBe(2);
  });

  test("writes a policy and makes a token that it binds", async () => {
    await writeFile(work.path("reader.hcl"), 'path "secret/*" { capabilities = ["read"] }\n');
    await works("policy", "write", "reader", "reader.hcl");
    const reader = (await works("token", "create", "-policy=reader", "-field=token")).trim();
    const root = token;
    token = reader;
    try {
      expect(await works("kv", "get", "-field=a", "-mount=secret", "one")).toBe("b");
      expect((await run("kv", "put", "-mount=secret", "one", "a=c")).code).toBe(2);
      expect((await run("operator", "rotate")).code).toBe(2);
    } finally {
      token = root;
    }
    await works("token", "revoke", reader);
    expect((await run("token", "lookup", reader)).code).toBe(2);
  });

  test("rotates, rekeys and shows the key's status", async () => {
    expect(await works("operator", "rotate")).toContain("Key Term            2");
    const started = await works("operator", "rekey", "-init", "-key-shares=1", "-key-threshold=1", "-format=json");
    const { nonce } = JSON.parse(started) as { nonce: string };
    await works("operator", "rekey", `-nonce=${nonce}`, keys[0] ?? "");
    const answer = await works("operator", "rekey", `-nonce=${nonce}`, "-format=json", keys[2] ?? "");
    keys = (JSON.parse(answer) as { keys_base64: string[] }).keys_base64;
    expect(keys).toHaveLength(1);
    await works("operator", "key-status");
  });

  test("and OpenBao itself opens the directory, with the new share", async () => {
    await server.stop("SIGTERM");
    await rm(work.path("data/.sealwright"), { recursive: true, force: true });
    const port = await freePort();
    await writeConfig(work, { storage: "file", port });
    const address = `http://127.0.0.1:${port}`;
    const environment = { cwd: work.folder, env: { BAO_ADDR: address }, program: bao ?? "" };
    const peer = new RunningCommand(["server", "-config=server.hcl"], environment);
    try {
      await peer.until(/server started!/);
      const { code, stderr } = await new RunningCommand(["operator", "unseal", keys[0] ?? ""], environment).finished;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const status = (await (await fetch(`${address}/v1/sys/seal-status`)).json()) as { sealed: boolean };
      expect(status.sealed).toBe(false);
    } finally {
      peer.child.kill("SIGTERM");
      await peer.finished;
    }
  });
});
