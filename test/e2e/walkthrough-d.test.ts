// SPDX-License-Identifier: Apache-2.0
/** PGP from the start: keys of holders by name, and the encrypted shares kept on the server. Keybase is a stand-in. */
import { afterEach, describe, expect, test } from "vitest";
import { KeybaseStandIn } from "./walkthrough/keybase.ts";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { newKeys, rows } from "./walkthrough/tables.ts";

let stage: Stage;
let keybase: KeybaseStandIn;
let keybaseUsers: { readonly SEALWRIGHT_KEYBASE_ADDR: string };
afterEach(async () => {
  await keybase.stop();
  await stage.close();
});

const HOLDERS = ["alice", "bob", "carol"];

/** A server with one share, and three holders: alice and bob in the stand-in, carol in a file. */
async function open(seal: (typeof SEALS)[number]): Promise<string[]> {
  stage = await Stage.open(seal, { shares: 1, threshold: 1 });
  const { shell } = stage;
  const fingerprints = [];
  for (const holder of HOLDERS) fingerprints.push(await shell.makePgpKey(holder));
  const armored = (name: string) => shell.ok(`gpg --export -a =${name}`);
  await shell.ok("gpg --export -a =carol > carol.asc");
  keybase = await KeybaseStandIn.start({ alice: await armored("alice"), bob: await armored("bob") });
  keybaseUsers = { SEALWRIGHT_KEYBASE_ADDR: keybase.address };
  return fingerprints;
}

describe.each(SEALS)("on a %s seal", (seal) => {
  test("keys by name encrypt the shares in order, which the server keeps, shows and deletes when told to", async () => {
    const fingerprints = await open(seal);
    const { shell, target, keys } = stage;
    const rekey = `sealwright operator rekey ${target}`;
    const names = '-pgp-keys="keybase:alice,keybase:bob,carol.asc"';
    const begun = rows(await shell.ok(`${rekey}-init -key-shares=3 -key-threshold=2 ${names} -backup`, keybaseUsers));
    expect(begun).toMatchObject({ "PGP Fingerprints": `[${fingerprints.join(" ")}]`, Backup: "true" });
    expect(await shell.run(`${rekey}-backup-retrieve`)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no backed-up keys found/),
    });
    const end = await shell.ok(`${rekey}-nonce=${begun.Nonce} ${keys[0]}`);
    expect(end.replace(/\s+/g, " ")).toContain("-backup-delete");
    const messages = newKeys(end);

    const kept = JSON.parse(await shell.ok(`${rekey}-backup-retrieve -format=json`)) as {
      readonly data: { readonly nonce: string; readonly keys_base64: Readonly<Record<string, readonly string[]>> };
    };
    expect(kept.data.nonce).toBe(begun.Nonce);
    expect(fingerprints.map((each) => kept.data.keys_base64[each])).toEqual(messages.map((message) => [message]));
    expect(await shell.ok(`${rekey}-backup-retrieve`)).toContain(fingerprints[2]);
    const anonymous = await shell.run(`${rekey}-backup-retrieve`, { VAULT_TOKEN: "s.nobody" });
    expect(anonymous).toMatchObject({ code: 2, stderr: expect.stringMatching(/permission denied/) });

    expect(await shell.ok(`${rekey}-backup-delete`)).toMatch(/Success! Deleted backed up keys/);
    expect(await shell.run(`${rekey}-backup-retrieve`)).toMatchObject({ code: 2 });
    const shares = [];
    for (const message of messages.slice(1)) shares.push(await shell.decrypt(message));
    expect(await stage.obeys(shares)).toBe(true);
  }, 60_000);
});

describe("what cannot be fetched", () => {
  const init = (names: string) => `sealwright operator rekey -init -key-shares=1 -key-threshold=1 -pgp-keys=${names}`;

  async function expectRefused(names: string, env: Readonly<Record<string, string>>, why: RegExp): Promise<void> {
    const refused = await stage.shell.run(init(names), env);
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(why) });
    expect((await stage.http("GET", "sys/rekey/init")).body).toMatchObject({ started: false });
  }

  test("is named, with what to do: an address that nobody answers at, a user without a key, a file that is missing", async () => {
    await open("shamir");
    const nobody = { SEALWRIGHT_KEYBASE_ADDR: "http://127.0.0.1:1" };
    await expectRefused(
      "keybase:alice",
      nobody,
      /cannot fetch PGP keys from http:\/\/127\.0\.0\.1:1 .*SEALWRIGHT_KEYBASE_ADDR/s,
    );
    await expectRefused("keybase:mallory", keybaseUsers, /keybase user "mallory" does not exist or has no PGP key/);
    await expectRefused("nobody.asc", keybaseUsers, /nobody\.asc/);
    const elsewhere = { SEALWRIGHT_KEYBASE_ADDR: stage.server.url };
    await expectRefused("keybase:alice", elsewhere, /cannot fetch PGP keys from .*answered 404/s);
  });
});

test("a backup without PGP keys is refused, and nothing starts", async () => {
  await open("shamir");
  const refused = await stage.shell.run("sealwright operator rekey -init -key-shares=1 -key-threshold=1 -backup");
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/without providing PGP keys/) });
  expect((await stage.http("GET", "sys/rekey/init")).body).toMatchObject({ started: false });
});
