// SPDX-License-Identifier: Apache-2.0
/**
 * The server dies when a rekey is on disk and its answer has reached nobody. With `-verify`, or with PGP and `-backup`,
 * people still have the shares that count; what is started without either says so.
 */
import { stat } from "node:fs/promises";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { newKeys, rows } from "./walkthrough/tables.ts";

let stage: Stage;
afterEach(() => stage.close());

const LOOK_AGAIN_MS = 1;

/** Puts `body` to `path` and reads no byte of what comes back. */
function putUnheard(path: string, body: object): void {
  const outgoing = request(`${stage.server.url}/v1/${path}`, { method: "PUT" });
  outgoing.on("error", () => {});
  outgoing.on("socket", (socket) => socket.pause());
  outgoing.end(JSON.stringify(body));
}

const instant = async (file: string): Promise<string> => {
  const found = await stat(stage.work.path("data", file), { bigint: true }).catch(() => undefined);
  return found === undefined ? "" : `${found.ino} ${found.mtimeNs}`;
};

/** Submits what completes a ceremony, and kills the server as soon as `file` shows that it is committed. */
async function killAtCommit(path: string, body: object, file: string): Promise<void> {
  const before = await instant(file);
  putUnheard(path, body);
  while ((await instant(file)) === before) await pause(LOOK_AGAIN_MS);
  await stage.restart("SIGKILL");
}

describe.each(SEALS)("killed between commit and answer on a %s seal", (seal) => {
  const backup = seal === "shamir" ? "core/unseal-keys-backup" : "core/recovery-keys-backup";
  const written = seal === "shamir" ? "core/hsm/_barrier-unseal-keys" : "core/_recovery-key";

  test("a rekey under PGP with -backup leaves the shares in the storage, read without a share, decrypted by their holders", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1, storage: "file" });
    const { shell, target, keys, rekeyPath } = stage;
    const fingerprints = [];
    for (const holder of ["alice", "bob"]) {
      fingerprints.push(await shell.makePgpKey(holder));
      await shell.ok(`gpg --export -a =${holder} > ${holder}.asc`);
    }
    const pgp = "-pgp-keys=alice.asc,bob.asc -backup";
    const { Nonce: nonce } = rows(await shell.ok(`sealwright operator rekey ${target}-init -n=2 -t=2 ${pgp}`));
    await killAtCommit(`${rekeyPath}/update`, { nonce, key: keys[0] }, backup.replace("core/", "core/_"));

    // Nobody can unseal a Shamir seal now to ask the server for it.
    await stage.server.stop();
    const get = `sealwright storage get -config=server.hcl ${backup}`;
    const kept = JSON.parse(await shell.ok(get, stage.hsmVariables)) as {
      readonly Nonce: string;
      readonly Keys: Readonly<Record<string, readonly string[]>>;
    };
    expect(kept.Nonce).toBe(nonce);
    const shares = [];
    for (const each of fingerprints) {
      const message = Buffer.from(kept.Keys[each]?.[0] ?? "", "hex").toString("base64");
      shares.push(await shell.decrypt(message));
    }
    await stage.restart();
    expect(await stage.obeys(keys)).toBe(false);
    expect(await stage.obeys(shares)).toBe(true);
  }, 30_000);

  test("a rekey with -verify leaves the old shares in force until the new ones are proved, and then the new ones", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1, storage: "file" });
    const { shell, target, keys, rekeyPath } = stage;
    const init = `sealwright operator rekey ${target}-init -verify -n=2 -t=2`;
    const lost = rows(await shell.ok(init));
    putUnheard(`${rekeyPath}/update`, { nonce: lost.Nonce, key: keys[0] });
    await expect.poll(async () => (await stage.http("GET", `${rekeyPath}/init`)).body.verification_nonce).toBeTruthy();
    await stage.restart("SIGKILL");
    expect((await stage.unseal(keys)).body.sealed).toBe(false);

    const { Nonce: nonce } = rows(await shell.ok(init));
    const { stdout } = await shell.run(`sealwright operator rekey ${target}-nonce=${nonce} ${keys[0]}`);
    const [proof, fresh] = [rows(stdout)["Verification Nonce"], newKeys(stdout)];
    await shell.ok(`sealwright operator rekey ${target}-verify -nonce=${proof} ${fresh[0]}`);
    await killAtCommit(`${rekeyPath}/verify`, { nonce: proof, key: fresh[1] }, written);
    expect(await stage.obeys(keys)).toBe(false);
    expect(await stage.obeys(fresh)).toBe(true);
  }, 30_000);

  test("what is started without either says what is at stake", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { stderr } = await stage.shell.run(`sealwright operator rekey ${stage.target}-init -n=2 -t=2`);
    const said = stderr.replace(/\s+/g, " ");
    expect(said).toMatch(/If you lose the keys after they are returned, there is no recovery/);
    for (const flag of ["-pgp-keys", "-backup"]) expect(said).toContain(flag);
  });
});
