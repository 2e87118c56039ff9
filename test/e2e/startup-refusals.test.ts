// SPDX-License-Identifier: Apache-2.0
/** Why `sealwright server -config` does not start: one sentence and exit code 1 each. */
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workplace } from "../support/command.ts";
import { staticSeal, writeConfig } from "./config.ts";
import { expectNoneIn, refusalOf } from "./expectations.ts";

let work: Workplace;
let key: string;

beforeEach(async () => {
  work = await Workplace.open();
  key = randomBytes(32).toString("hex");
  await writeFile(work.path("seal.key"), key);
});

afterEach(() => work.close());

const seal = staticSeal("./seal.key");
const refused = async (config: string) => refusalOf(await work.run(["server", config]));

describe.each(["lmdb", "file"] as const)("a server on %s storage", (storage) => {
  test("does not start where another one holds the data, and says which process that is", async () => {
    const config = await writeConfig(work, { storage, seal });
    const server = await work.serve([config]);
    expect(await refused(config)).toMatch(new RegExp(`held by process ${server.command.pid} since `));
    expect(await work.run(["status", `-address=${server.url}`])).toMatchObject({ code: 2 });
  });

  test("starts again where the one before was killed", async () => {
    const config = await writeConfig(work, { storage, seal });
    await (await work.serve([config])).stop("SIGKILL");
    const { url } = await work.serve([config]);
    expect((await work.run(["status", `-address=${url}`])).stdout).toMatch(/Initialized +false/);
  });

  test("does not start where a file stands in place of the data folder", async () => {
    await writeFile(work.path("data"), "no folder");
    expect(await refused(await writeConfig(work, { storage, seal }))).toMatch(/data/);
    expect(await readFile(work.path("data"), "utf8")).toBe("no folder");
  });

  test("does not start on data of another type of seal, and names both", async () => {
    const server = await work.serve([await writeConfig(work, { storage, seal })]);
    expect(await work.run(["operator", "init", `-address=${server.url}`])).toMatchObject({ code: 0 });
    await server.stop();
    const sentence = await refused(await writeConfig(work, { storage }));
    expect(sentence).toMatch(/a static seal.*a shamir seal: configure the seal "static" \(static\)/);
  });

  test("starts on data whose shares may migrate it to the configured seal, and waits for them", async () => {
    const first = await work.serve([await writeConfig(work, { storage })]);
    const init = ["operator", "init", `-address=${first.url}`, "-key-shares=3", "-key-threshold=2"];
    expect(await work.run(init)).toMatchObject({ code: 0 });
    await first.stop();
    const server = await work.serve([await writeConfig(work, { storage, seal })]);
    const status = await work.run(["status", `-address=${server.url}`, "-format=raw"]);
    expect(JSON.parse(status.stdout)).toMatchObject({
      sealed: true,
      migration: true,
      state: "waiting for a migration",
      state_reason: "sealed: waiting for unseal key shares with -migrate (0 of 2 given)",
    });
    await server.stop();
  });
});

describe("a server", () => {
  test("does not start on a port that another program has", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const sentence = await refused(await writeConfig(work, { seal, port }));
      expect(sentence).toMatch(`cannot listen on 127.0.0.1:${port}: another program listens there`);
    } finally {
      other.close();
    }
  });

  test.each([
    ["soon", /expected a duration such as/],
    ["0s", /expected a duration of at least 1ms/],
    ["-8s", /expected a duration that is not negative/],
  ])("does not start with %s for saving the encryption count, names the variable and says why", async (time, why) => {
    const variable = "VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT";
    const config = await writeConfig(work, { seal });
    const sentence = refusalOf(await work.run(["server", config], { [variable]: time }));
    expect(sentence).toContain(variable);
    expect(sentence).toMatch(why);
    expect(await readdir(work.folder)).not.toContain("data");
  });

  test("does not start without its key file", async () => {
    expect(await refused(await writeConfig(work, { seal: staticSeal("./nowhere.key") }))).toMatch(/nowhere\.key/);
    expect(await readdir(work.folder)).not.toContain("nowhere.key");
  });

  test("does not start with a key of the wrong length, and does not show it", async () => {
    await writeFile(work.path("seal.key"), key.slice(2));
    const sentence = await refused(await writeConfig(work, { seal }));
    expect(sentence).toMatch(/32 bytes|64/);
    expectNoneIn(sentence, [key.slice(2)]);
  });

  test("does not start on an unknown key of its configuration, and names the nearest known one with line and column", async () => {
    const config = await writeConfig(work, { seal: "api_adr = 1\n" });
    expect(await refused(config)).toMatch(/server\.hcl:\d+:\d+.*api_adr.*api_addr/);
  });

  test("does not start without a configuration file where one is named", async () => {
    expect(await refused("-config=none.hcl")).toMatch(/none\.hcl: there is no such file/);
  });

  test("on data sealed by another key stays up, sealed, and says so once per attempt", async () => {
    const config = await writeConfig(work, { seal });
    const first = await work.serve([config]);
    expect(await work.run(["operator", "init", `-address=${first.url}`])).toMatchObject({ code: 0 });
    await first.stop();
    await writeFile(work.path("seal.key"), "00".repeat(32));
    const second = await work.serve([config]);
    await second.command.until(/the static seal does not open/);
    expect(await work.run(["status", `-address=${second.url}`])).toMatchObject({ code: 2 });
    expect(second.output).not.toMatch(/^\s+at /m);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });
});
