// SPDX-License-Identifier: Apache-2.0
/** A new data key by a token with the rights for it, and by tokens without. */
import { writeFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { rows } from "./walkthrough/tables.ts";

let stage: Stage;
afterEach(() => stage.close());

const ROTATE = 'path "sys/rotate" { capabilities = ["update", "sudo"] }\n';
const STATUS = 'path "sys/key-status" { capabilities = ["read"] }\n';

async function tokenWith(policy: string): Promise<{ readonly VAULT_TOKEN: string }> {
  await writeFile(stage.work.path("some.hcl"), policy);
  await stage.shell.ok("sealwright policy write some some.hcl");
  return { VAULT_TOKEN: (await stage.shell.ok("sealwright token create -policy=some -ttl=1h -field=token")).trim() };
}

const term = async () => rows(await stage.shell.ok("sealwright operator key-status"))["Key Term"];

describe.each(SEALS)("operator rotate on a %s seal", (seal) => {
  test("by a token with both rights shows the new term; old values stay readable, over a restart, too", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { shell } = stage;
    await shell.ok("sealwright kv put secret/before value=old");
    const rotated = rows(await shell.ok("sealwright operator rotate", await tokenWith(ROTATE + STATUS)));
    expect(rotated).toMatchObject({ "Key Term": "2", "Install Time": expect.stringMatching(/\d\d:\d\d UTC$/) });
    await shell.ok("sealwright kv put secret/after value=new");
    const status = await stage.http("GET", "sys/key-status", undefined, stage.rootToken);
    expect(status).toMatchObject({ status: 200, body: { term: 2, encryptions: expect.any(Number) } });
    await stage.restart();
    await stage.unseal(stage.keys);
    for (const [path, value] of [
      ["before", "old"],
      ["after", "new"],
    ]) {
      expect((await shell.ok(`sealwright kv get -field=value secret/${path}`)).trim()).toBe(value);
    }
    expect(await term()).toBe("2");
  }, 30_000);

  test("by a token without read on sys/key-status rotates, and says which right the display lacks", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { code, stdout, stderr } = await stage.shell.run("sealwright operator rotate", await tokenWith(ROTATE));
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: "Success! Rotated key" });
    expect(stderr.replace(/\s+/g, " ")).toMatch(/was rotated, but .* this token lacks "read" on sys\/key-status/);
    expect(await term()).toBe("2");
  });

  test.each([
    ["without sudo", 'path "sys/rotate" { capabilities = ["update"] }\n'],
    ["without update", 'path "sys/rotate" { capabilities = ["read", "sudo"] }\n'],
    ["that is denied", 'path "sys/rotate" { capabilities = ["deny"] }\n'],
    ["with nothing on sys/rotate", ""],
  ])("by a token %s is refused, on the command line and by HTTP, and nothing has changed", async (_which, policy) => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const token = await tokenWith(policy + STATUS);
    expect(await stage.shell.run("sealwright operator rotate", token)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/permission denied/),
    });
    expect((await stage.http("PUT", "sys/rotate", undefined, token.VAULT_TOKEN)).status).toBe(403);
    expect(await term()).toBe("1");
  });

  test("by nobody is refused", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    expect((await stage.http("PUT", "sys/rotate")).status).toBe(403);
    expect(await term()).toBe("1");
  });
});

test.each(SEALS)("HTTP alone rotates on a %s seal", async (seal) => {
  stage = await Stage.open(seal, { shares: 1, threshold: 1 });
  const { VAULT_TOKEN: token } = await tokenWith(ROTATE + STATUS);
  for (const method of ["PUT", "POST"])
    expect((await stage.http(method, "sys/rotate", undefined, token)).status).toBe(204);
  expect((await stage.http("GET", "sys/key-status", undefined, token)).body).toMatchObject({ term: 3 });
});
