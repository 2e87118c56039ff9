// SPDX-License-Identifier: Apache-2.0
/** A server with a Shamir seal, walked through by the command line as in the first half hour of a user. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { writeConfig } from "./config.ts";
import { expectNoneIn } from "./expectations.ts";

interface Init {
  readonly unseal_keys_b64: readonly string[];
  readonly unseal_keys_hex: readonly string[];
  readonly root_token: string;
}

let work: Workplace;
let server: ServerProcess;
let config: string;
let init: Init;
let logs = "";

beforeAll(async () => {
  work = await Workplace.open();
  config = await writeConfig(work, {});
  server = await work.serve([config]);
});

afterAll(() => work.close());

const environment = () => ({ VAULT_ADDR: server.url, ...(init === undefined ? {} : { VAULT_TOKEN: init.root_token }) });
const run = (args: readonly string[], input?: string) => work.run(args, environment(), input);
const unseal = (share: string) => run(["operator", "unseal", "-format=json", "-"], `${share}\n`);

async function restart(signal: NodeJS.Signals): Promise<void> {
  logs += (await server.stop(signal)).stderr;
  server = await work.serve([config]);
}

describe("an empty server", () => {
  test("is sealed: status has exit code 2", async () => {
    expect(await run(["status"])).toMatchObject({ code: 2, stdout: expect.stringMatching(/Initialized +false/) });
  });

  test("takes no share before it is initialised", async () => {
    const { code, stderr } = await unseal("00".repeat(33));
    expect(code).toBe(2);
    expect(stderr).toMatch(/not initialized/);
  });

  test("is not initialised by a threshold above the shares", async () => {
    const { code, stderr } = await run(["operator", "init", "-key-shares=2", "-key-threshold=3"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/threshold/);
    expect(await run(["operator", "init", "-status"])).toMatchObject({ code: 2 });
  });

  test("gives five shares and a root token, once", async () => {
    const { code, stdout } = await run(["operator", "init", "-format=json"]);
    expect(code).toBe(0);
    init = JSON.parse(stdout) as Init;
    expect(init.unseal_keys_b64).toHaveLength(5);
    expect(await run(["operator", "init"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/already initialized/),
    });
  });
});

describe("shares on standard input", () => {
  test("refuse one that is mistyped, and progress stays", async () => {
    expect(await unseal(init.unseal_keys_b64[0] ?? "")).toMatchObject({ code: 0 });
    expect(await unseal("not a share")).toMatchObject({ code: 2, stderr: expect.stringMatching(/hex or base64/) });
    expect((await run(["status"])).stdout).toMatch(/Unseal Progress +1\/3/);
  });

  test("count once, in either encoding, and open at the third", async () => {
    expect(JSON.parse((await unseal(init.unseal_keys_hex[0] ?? "")).stdout)).toMatchObject({ progress: 1 });
    expect(JSON.parse((await unseal(init.unseal_keys_hex[3] ?? "")).stdout)).toMatchObject({ progress: 2 });
    expect(JSON.parse((await unseal(init.unseal_keys_b64[4] ?? "")).stdout)).toMatchObject({ sealed: false });
    expect(await run(["status"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/Sealed +false/) });
  });
});

describe("the open server", () => {
  test("keeps a secret and gives it back", async () => {
    expect(await run(["secrets", "enable", "-path=secret", "-version=1", "kv"])).toMatchObject({ code: 0 });
    expect(await run(["kv", "put", "secret/app", "password=-"], "correct horse")).toMatchObject({ code: 0 });
    expect((await run(["kv", "get", "-field=password", "secret/app"])).stdout.trim()).toBe("correct horse");
    expect((await run(["kv", "list", "secret/"])).stdout).toMatch(/app/);
  });

  test("refuses a wrong token and none", async () => {
    for (const VAULT_TOKEN of ["s.wrong", ""]) {
      const { code, stderr } = await work.run(["kv", "get", "secret/app"], { VAULT_ADDR: server.url, VAULT_TOKEN });
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/permission denied|403/) });
    }
  });

  test("rotates, and reads what the old term wrote", async () => {
    expect(await run(["operator", "rotate"])).toMatchObject({ code: 0 });
    expect((await run(["operator", "key-status"])).stdout).toMatch(/Key Term +2/);
    expect((await run(["kv", "get", "-field=password", "secret/app"])).stdout.trim()).toBe("correct horse");
  });

  test("gives its metrics in Prometheus' text", async () => {
    const headers = { "X-Vault-Token": init.root_token };
    const answer = await fetch(`${server.url}/v1/sys/metrics?format=prometheus`, { headers });
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 200,
      text: expect.stringMatching(/^# TYPE \w+ gauge$/m),
    });
  });

  test("seals: what was readable is not, status has exit code 2", async () => {
    expect(await run(["operator", "seal"])).toMatchObject({ code: 0 });
    expect(await run(["kv", "get", "secret/app"])).toMatchObject({ code: 2, stderr: expect.stringMatching(/sealed/) });
    expect(await run(["status"])).toMatchObject({ code: 2 });
  });
});

describe.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("after %s and a new start", (signal) => {
  test("it is sealed, forgets progress, opens with three shares and has the secret", async () => {
    await unseal(init.unseal_keys_hex[0] ?? "");
    await restart(signal);
    expect(await run(["status"])).toMatchObject({ code: 2, stdout: expect.stringMatching(/Unseal Progress +0\/3/) });
    for (const share of init.unseal_keys_b64.slice(1, 4)) expect(await unseal(share)).toMatchObject({ code: 0 });
    expect((await run(["kv", "get", "-field=password", "secret/app"])).stdout.trim()).toBe("correct horse");
  });
});

test.each(["SIGINT", "SIGTERM"] as const)("%s seals and ends with exit code 0", async (signal) => {
  const ended = await server.stop(signal);
  expect(ended.code).toBe(0);
  expect(ended.stderr).not.toMatch(/\[ERROR\]/);
  expect(ended.stderr).toMatch(new RegExp(`${signal}: sealing and stopping\\n.*stopped\\n$`));
  logs += ended.stderr + ended.stdout;
  server = await work.serve([config]);
});

test("no share, token or secret of all this stands in the server's output", () => {
  expectNoneIn(logs + server.output, [...init.unseal_keys_hex, init.root_token, "correct horse"]);
});
