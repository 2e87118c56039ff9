// SPDX-License-Identifier: Apache-2.0
/** Recovery keys of a server that unseals itself are replaced, for holders with PGP keys and the real gpg. */
import { afterEach, describe, expect, test } from "vitest";
import { Stage } from "./walkthrough/stage.ts";
import { newKeys, rows, UUID } from "./walkthrough/tables.ts";

const HOLDERS = ["ann", "ben", "cleo", "dan", "eve"];

let stage: Stage;
afterEach(() => stage.close());

async function withPgpKeys(seal: "static" | "softhsm"): Promise<string[]> {
  stage = await Stage.open(seal);
  const fingerprints = [];
  for (const holder of HOLDERS) {
    fingerprints.push(await stage.shell.makePgpKey(holder));
    await stage.shell.ok(`gpg --export -a =${holder} | base64 > ${holder}.b64`);
  }
  await stage.shell.ok(`cat ${HOLDERS.map((holder) => `${holder}.b64`).join(" ")} > pgp_keys.b64`);
  return fingerprints;
}

describe.each(["static", "softhsm"] as const)("recovery keys on a %s seal", (seal) => {
  test.each(["-target=recovery", "-recovery"])(
    "go to holders under PGP, with %s",
    async (target) => {
      const fingerprints = await withPgpKeys(seal);
      const { shell, keys } = stage;
      const file = await shell.ok("cat pgp_keys.b64");
      expect(Math.max(...file.split("\n").map((line) => line.length))).toBe(76);

      const rekey = `sealwright operator rekey ${target}`;
      const begun = rows(await shell.ok(`${rekey} -init -key-shares=5 -key-threshold=3 -pgp-keys-file=pgp_keys.b64`));
      expect(begun).toMatchObject({
        Started: "true",
        "Rekey Progress": "0/3",
        "New Shares": "5",
        "New Threshold": "3",
      });
      expect(begun["PGP Fingerprints"]).toBe(`[${fingerprints.join(" ")}]`);
      const nonce = begun.Nonce;
      expect(nonce).toMatch(UUID);
      for (const holder of [1, 2]) {
        const shown = rows(await shell.ok(`${rekey} -nonce=${nonce} -key=${keys[holder - 1]}`));
        expect(shown["Rekey Progress"]).toBe(`${holder}/3`);
        expect(rows(await shell.ok(`${rekey} -status -nonce=${nonce}`))["Rekey Progress"]).toBe(`${holder}/3`);
      }
      const end = await shell.ok(`${rekey} -nonce=${nonce} -key=${keys[4]}`);

      const messages = newKeys(end);
      expect(messages).toHaveLength(5);
      for (const [at, each] of fingerprints.entries())
        expect(end).toContain(`Key ${at + 1} fingerprint: ${each}; value: `);
      const shares = [];
      for (const message of messages.slice(2)) shares.push(await shell.decrypt(message));
      expect(shares.every((share) => /^[0-9a-f]{66}$/.test(share))).toBe(true);
      expect(await stage.obeys(keys.slice(0, 3))).toBe(false);
      expect(await stage.obeys(shares)).toBe(true);
    },
    60_000,
  );

  test("go to holders under PGP by HTTP", async () => {
    const fingerprints = await withPgpKeys(seal);
    const { shell, keys } = stage;
    const pgp_keys = [];
    for (const holder of HOLDERS) pgp_keys.push((await shell.ok(`gpg --export =${holder} | base64 -w0`)).trim());
    const body = { secret_shares: 5, secret_threshold: 3, pgp_keys };
    const begun = await stage.http("PUT", "sys/rekey-recovery-key/init", body);
    expect(begun).toMatchObject({ status: 200, body: { pgp_fingerprints: fingerprints, n: 5, t: 3 } });
    const done = await stage.submit("sys/rekey-recovery-key/update", begun.body.nonce, keys.slice(0, 3));
    const shares = [];
    for (const message of (done.body.keys_base64 as string[]).slice(0, 3)) shares.push(await shell.decrypt(message));
    expect(await stage.obeys(shares)).toBe(true);
  }, 60_000);

  test("stay as they are when the attempt is cancelled by its nonce, and not by another", async () => {
    stage = await Stage.open(seal);
    const { shell, keys } = stage;
    const rekey = "sealwright operator rekey -target=recovery";
    const anonymous = { VAULT_TOKEN: "" };
    const { Nonce: nonce } = rows(await shell.ok(`${rekey} -init -key-shares=5 -key-threshold=3`));
    await shell.ok(`${rekey} -nonce=${nonce} -key=${keys[0]}`);
    for (const other of ["-nonce=wrong", ""]) {
      expect(await shell.run(`${rekey} -cancel ${other}`, anonymous)).toMatchObject({ code: 2 });
      expect(rows(await shell.ok(`${rekey} -status`))["Rekey Progress"]).toBe("1/3");
    }
    expect(await shell.ok(`${rekey} -cancel -nonce=${nonce}`, anonymous)).toMatch(/Success! Canceled rekeying/);
    expect(rows(await shell.ok(`${rekey} -status -nonce=${nonce}`))).toMatchObject({ Started: "false" });
    expect(await shell.run(`${rekey} -nonce=${nonce} -key=${keys[1]}`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/No rekey is in progress/),
    });
    expect(await stage.obeys(keys.slice(0, 3))).toBe(true);
  }, 30_000);

  test("need their target named: what forgets it is told the flag, and starts and ends nothing", async () => {
    stage = await Stage.open(seal);
    const { shell, keys } = stage;
    const rekey = "sealwright operator rekey";
    for (const numbers of ["-key-shares=5 -key-threshold=3", "-n=1 -t=1", ""]) {
      expect(await shell.run(`${rekey} -init ${numbers}`)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/Nothing was started: the -target flag is missing.*-target=recovery/s),
      });
    }
    for (const path of ["sys/rekey", "sys/rekey-recovery-key"]) {
      expect((await stage.http("GET", `${path}/init`)).body).toMatchObject({ started: false });
    }

    const { Nonce: nonce } = rows(await shell.ok(`${rekey} -target=recovery -init -key-shares=5 -key-threshold=3`));
    const advice = expect.stringMatching(/there is one for the other\s+target: add\s+-target=recovery/);
    expect(await shell.run(`${rekey} -nonce=${nonce} -key=${keys[0]}`)).toMatchObject({ code: 1, stderr: advice });
    expect(await shell.run(`${rekey} -cancel -nonce=${nonce}`)).toMatchObject({ code: 1, stdout: "", stderr: advice });
    expect(await shell.run(`${rekey} -status -nonce=${nonce}`)).toMatchObject({ code: 0, stderr: advice });
    expect(await shell.run(`${rekey} -backup-retrieve`)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/add -target=recovery/),
    });
    const byHttp = await stage.http("PUT", "sys/rekey/update", { nonce, key: keys[0] });
    expect(byHttp).toMatchObject({ status: 400, body: { errors: [expect.stringContaining("add -target=recovery")] } });
    expect((await stage.http("GET", "sys/rekey-recovery-key/init")).body).toMatchObject({ nonce, progress: 0 });
  }, 30_000);
});

test.each([
  ["no keys", "true > pgp_keys.b64", /no keys/],
  ["what is not base64", "echo 'not a key' > pgp_keys.b64", /key 1 is not base64/],
  ["another number of keys than shares", "gpg --export -a =ann | base64 > pgp_keys.b64", /1 keys for 2 shares/],
  ["a key twice", "gpg --export -a =ann | base64 > a; cat a a > pgp_keys.b64", /PGP key 2 is the same as PGP key 1/],
])("a file of %s is refused before anything starts", async (_what, make, why) => {
  stage = await Stage.open("static", { shares: 1, threshold: 1 });
  const { shell } = stage;
  await shell.makePgpKey("ann");
  await shell.ok(make);
  const refused = await shell.run("sealwright operator rekey -recovery -init -n=2 -t=2 -pgp-keys-file=pgp_keys.b64");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(why);
  expect((await stage.http("GET", "sys/rekey-recovery-key/init")).body).toMatchObject({ started: false });
});
