// SPDX-License-Identifier: Apache-2.0
/** Three holders replace the shares of a running server, as they type it and by HTTP. */
import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { newKeys, rows, UUID } from "./walkthrough/tables.ts";
import { Traffic } from "./walkthrough/traffic.ts";

let stage: Stage;
afterEach(() => stage.close());

const PAIRS = [
  [0, 1],
  [2, 0],
  [1, 2],
] as const;

/** After a rekey: any two of `fresh` do, three of the old ones never again. */
async function expectOnly(fresh: readonly string[]): Promise<void> {
  for (const [a, b] of PAIRS)
    expect({ a, b, obeyed: await stage.obeys([fresh[a]!, fresh[b]!]) }).toEqual({ a, b, obeyed: true });
  for (const old of [stage.keys.slice(0, 3), stage.keys.slice(2)]) expect(await stage.obeys(old)).toBe(false);
  expect(await stage.obeys([fresh[0]!, stage.keys[0]!])).toBe(false);
  expect(await stage.obeys(fresh.slice(1))).toBe(true);
  const kept = await stage.http("GET", "secret/traffic", undefined, stage.rootToken);
  expect(kept.status).toBe(200);
}

describe.each(SEALS)("a rekey by three holders on a %s seal", (seal) => {
  test("goes by 1/3, 2/3 and the new keys on the command line, while reads and writes go on", async () => {
    stage = await Stage.open(seal);
    const { shell, keys, target } = stage;
    const traffic = new Traffic(stage);

    const rekey = `sealwright operator rekey ${target}`;
    await shell.ok(`${rekey}-init -key-shares=3 -key-threshold=2 -format=json | jq -r .nonce > nonce.txt`);
    const nonce = (await readFile(stage.work.path("nonce.txt"), "utf8")).trim();
    expect(nonce).toMatch(UUID);
    for (const holder of [1, 2]) {
      expect(rows(await shell.ok(`${rekey}-nonce=$(cat nonce.txt) ${keys[holder - 1]}`))).toMatchObject({
        Nonce: nonce,
        Started: "true",
        "Rekey Progress": `${holder}/3`,
        "New Shares": "3",
        "New Threshold": "2",
      });
    }
    const end = await shell.ok(`${rekey}-nonce=$(cat nonce.txt) ${keys[2]}`);

    const fresh = newKeys(end);
    expect(fresh.map((key) => Buffer.from(key, "base64").length)).toEqual([33, 33, 33]);
    const lines = end.trim().split("\n");
    expect(lines.slice(0, 5)).toEqual([
      ...fresh.map((key, at) => `Key ${at + 1}: ${key}`),
      "",
      `Operation nonce: ${nonce}`,
    ]);
    const advice = lines.slice(5).join(" ").replace(/\s+/g, " ");
    expect(advice).toMatch(/rekeyed to 3 key shares and a key threshold of 2\. Please securely distribute/);
    expect(advice).toMatch(
      /Without at least 2 of these keys (nothing can open the storage|no ceremony can be authorised)/,
    );
    if (seal === "shamir")
      expect(advice).toMatch(/re-sealed, restarted, or stopped, you must supply at least 2 of these/);
    expect(advice).toContain('"sealwright operator rotate"');

    const seen = traffic.rounds;
    await expect.poll(() => traffic.rounds).toBeGreaterThan(seen + 5);
    expect(await traffic.stop()).toEqual([]);
    await expectOnly(fresh);
  }, 60_000);

  test("goes by the same steps by HTTP", async () => {
    stage = await Stage.open(seal);
    const { rekeyPath, keys } = stage;
    const traffic = new Traffic(stage);
    const begun = await stage.http("PUT", `${rekeyPath}/init`, { secret_shares: 3, secret_threshold: 2 });
    expect(begun).toMatchObject({
      status: 200,
      body: { nonce: expect.stringMatching(UUID), started: true, progress: 0, required: 3, n: 3, t: 2 },
    });
    const { nonce } = begun.body;
    for (const holder of [1, 2]) {
      const answer = await stage.http("PUT", `${rekeyPath}/update`, { nonce, key: keys[holder - 1] });
      expect(answer).toMatchObject({ status: 200, body: { progress: holder, required: 3, n: 3, t: 2 } });
      expect((await stage.http("GET", `${rekeyPath}/init`)).body).toMatchObject({ nonce, progress: holder });
    }
    const { body } = await stage.http("PUT", `${rekeyPath}/update`, { nonce, key: keys[2] });
    expect(body).toMatchObject({ complete: true, nonce, pgp_fingerprints: null, backup: false });
    expect(await traffic.stop()).toEqual([]);
    await expectOnly(body.keys_base64 as string[]);
  }, 60_000);
});

test.each(SEALS)(
  "a holder of a share of a %s seal sees what it is for before it is asked for, unseen, on a terminal",
  async (seal) => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { shell, keys, target } = stage;
    const started = rows(await shell.ok(`sealwright operator rekey ${target}-init -key-shares=3 -key-threshold=2`));
    const { code, screen } = await shell.onTerminal(`sealwright operator rekey ${target}`, keys[0]!);
    expect(code).toBe(0);
    const [before = "", after = ""] = screen.split("Key (will be hidden): ");
    expect(before).toContain(`Rekey operation nonce: ${started.Nonce}`);
    expect(rows(before)).toMatchObject({
      "Rekey Progress": "0/1",
      "New Shares": "3",
      "New Threshold": "2",
      "Started By": "127.0.0.1",
      "Started At": expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(newKeys(after.replaceAll("\r", ""))).toHaveLength(3);
    expect(screen).not.toContain(keys[0]);
  },
  30_000,
);

test("a share as an argument without its nonce is refused, and counts for nothing", async () => {
  stage = await Stage.open("shamir");
  await stage.shell.ok("sealwright operator rekey -init -key-shares=3 -key-threshold=2");
  expect(await stage.shell.run(`sealwright operator rekey ${stage.keys[0]}`)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Missing nonce value: specify it via the -nonce flag/),
  });
  const wrong = await stage.shell.run(`sealwright operator rekey -nonce=wrong ${stage.keys[0]}`);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/incorrect nonce supplied/) });
  const { body } = await stage.http("GET", "sys/rekey/init");
  expect(wrong.stderr).not.toContain(body.nonce);
  expect(body).toMatchObject({ started: true, progress: 0 });
});
