// SPDX-License-Identifier: Apache-2.0
/** `sealwright server -quickstart`, which is what `npm start` runs. Its port is fixed: these tests need 8200. */
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { expectNoneIn, refusalOf } from "./expectations.ts";

const PORT = 8200;
const ENV = { VAULT_ADDR: `http://127.0.0.1:${PORT}` };

function listensAlready(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(PORT, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

let work: Workplace;

beforeAll(async () => {
  if (await listensAlready()) throw new Error(`another program listens on port ${PORT}: stop it, these tests need it`);
});

beforeEach(async () => {
  work = await Workplace.open();
});

afterEach(() => work.close());

function start(): Promise<ServerProcess> {
  return work.serve(["-quickstart"]);
}

function tokenIn({ output }: ServerProcess): string {
  return /Initial Root Token: (\S+)/.exec(output)?.[1] ?? "";
}

function recoveryKeysIn({ output }: ServerProcess): string[] {
  return [...output.matchAll(/^Recovery Key \d: (\S+)$/gm)].map(([, key = ""]) => key);
}

describe("the first run", () => {
  test("makes a key file for its user only, apart from the data", async () => {
    const server = await start();
    await server.command.until(/Initial Root Token/);
    const { mode } = await stat(work.path("keys/static.key"));
    expect((mode & 0o777).toString(8)).toBe("600");
    expect((await stat(work.path("data"))).isDirectory()).toBe(true);
  });

  test("prints token, recovery keys, address and three commands, which work as printed", async () => {
    const server = await start();
    await server.command.until(/kv get/);
    expect(recoveryKeysIn(server)).toHaveLength(5);
    expect(server.output).toContain(`Address: http://127.0.0.1:${PORT}`);
    const commands = [...server.output.matchAll(/^ {2}npx sealwright (.+)$/gm)].map(([, line = ""]) => line.split(" "));
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      expect(await work.run(command, { ...ENV, VAULT_TOKEN: tokenIn(server) })).toMatchObject({ code: 0 });
    }
  });
});

describe("every later run", () => {
  test("unseals by itself, serves what was put, and shows no key again", async () => {
    const first = await start();
    await first.command.until(/kv get/);
    const env = { ...ENV, VAULT_TOKEN: tokenIn(first) };
    expect(await work.run(["kv", "put", "secret/hello", "who=world"], env)).toMatchObject({ code: 0 });
    expect((await first.stop("SIGINT")).code).toBe(0);
    const second = await start();
    await second.command.until(/Unsealed/);
    expect((await work.run(["kv", "get", "-field=who", "secret/hello"], env)).stdout.trim()).toBe("world");
    const fileKey = await readFile(work.path("keys/static.key"), "utf8");
    expectNoneIn(second.output, [...recoveryKeysIn(first), tokenIn(first), fileKey]);
    expect(await work.run(["status"], ENV)).toMatchObject({ code: 0 });
  });
});

describe("what stands in the way", () => {
  const refused = async () => refusalOf(await work.run(["server", "-quickstart"]));

  test("a port that another program has is named, and nothing is initialised", async () => {
    const other = createServer().listen(PORT, "127.0.0.1");
    try {
      expect(await refused()).toMatch(/cannot listen on 127\.0\.0\.1:8200: another program listens there/);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    const server = await start();
    await server.command.until(/Initial Root Token/);
  });

  test("a folder that cannot be written is named", async () => {
    await writeFile(work.path("keys"), "a file where the folder should be");
    expect(await refused()).toMatch(/cannot write keys\/static\.key/);
  });

  test("a file in place of the data folder is named", async () => {
    await writeFile(work.path("data"), "a file where the folder should be");
    expect(await refused()).toMatch(/data/);
  });

  test("another server on the same data is told by its process", async () => {
    const server = await start();
    await server.command.until(/Initial Root Token/);
    expect(await refused()).toMatch(new RegExp(`held by process ${server.command.pid}\\b`));
  });

  test("data sealed by another key is said to be, and stays as it was", async () => {
    const first = await start();
    await first.command.until(/Initial Root Token/);
    await first.stop();
    const key = await readFile(work.path("keys/static.key"), "utf8");
    await writeFile(work.path("keys/static.key"), "00".repeat(32));
    const ended = await work.run(["server", "-quickstart"]);
    expect(refusalOf(ended)).toMatch(/the static seal does not open/);
    // It never was one that served: no banner, no "server started!".
    expect(ended.stdout).toBe("");
    await writeFile(work.path("keys/static.key"), key);
    await (await start()).command.until(/Unsealed/);
  });

  test("a missing key file beside data is never replaced by a new one", async () => {
    const first = await start();
    await first.command.until(/Initial Root Token/);
    await first.stop();
    await rm(work.path("keys/static.key"));
    expect(await refused()).toMatch(/keys\/static\.key.*is missing/);
    await expect(stat(work.path("keys/static.key"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a key file of nonsense is refused without showing it", async () => {
    await mkdir(work.path("keys"));
    await writeFile(work.path("keys/static.key"), "not-a-key-not-a-key");
    const sentence = await refused();
    expect(sentence).toMatch(/current_key/);
    expectNoneIn(sentence, ["not-a-key-not-a-key"]);
  });
});
