// SPDX-License-Identifier: Apache-2.0
/** `operator rekey -verify`: the new shares are proved before they count. */
import { afterEach, describe, expect, test } from "vitest";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { newKeys, rows, UUID } from "./walkthrough/tables.ts";

let stage: Stage;
afterEach(() => stage.close());

/** A rekey to 3 shares and threshold 2 whose last old share has been given: the new shares and the proof's nonce. */
async function pending(): Promise<{
  readonly fresh: readonly string[];
  readonly nonce: string;
  readonly text: string;
}> {
  const { shell, target, keys } = stage;
  const rekey = `sealwright operator rekey ${target}`;
  const begun = rows(await shell.ok(`${rekey}-init -verify -key-shares=3 -key-threshold=2`));
  expect(begun["Verification Required"]).toBe("true");
  const { stdout, stderr } = await shell.run(`${rekey}-nonce=${begun.Nonce} ${keys[0]}`);
  expect(stderr.replace(/\s+/g, " ")).toMatch(/these key shares are _not_ valid until verification is performed/);
  return { fresh: newKeys(stdout), nonce: rows(stdout)["Verification Nonce"] ?? "", text: stdout };
}

describe.each(SEALS)("new shares of a %s seal", (seal) => {
  test("are proved one by one, and count from then on", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { shell, target, keys } = stage;
    const { fresh, nonce, text } = await pending();
    expect(fresh).toHaveLength(3);
    expect(nonce).toMatch(UUID);
    expect(rows(text)).toMatchObject({ "New Shares": "3", "New Threshold": "2", "Verification Progress": "0/2" });
    const verify = `sealwright operator rekey ${target}-verify`;
    const old = await shell.run(`${verify} -nonce=${nonce} ${keys[0]}`);
    expect(old).toMatchObject({ code: 2, stdout: "" });
    expect(rows(await shell.ok(`${verify} -nonce=${nonce} ${fresh[2]}`))["Verification Progress"]).toBe("1/2");
    expect(rows(await shell.ok(`${verify} -status`))).toMatchObject({ "Verification Progress": "1/2" });
    expect(await shell.ok(`${verify} -nonce=${nonce} ${fresh[0]}`)).toMatch(/verification successful/);
    expect(await stage.obeys(keys)).toBe(false);
    expect(await stage.obeys(fresh.slice(1))).toBe(true);
  }, 30_000);

  test("count for nothing where the server stops before they are proved: the old ones stay in force", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { shell, target, keys } = stage;
    const { fresh, nonce } = await pending();
    await shell.ok(`sealwright operator rekey ${target}-verify -nonce=${nonce} ${fresh[0]}`);
    await stage.restart("SIGKILL");
    expect((await stage.unseal(fresh.slice(0, 2))).body.sealed).toBe(seal === "shamir" ? undefined : false);
    await stage.restart();
    expect((await stage.unseal(keys)).body.sealed).toBe(false);
    expect((await stage.http("GET", `${stage.rekeyPath}/init`)).body).toMatchObject({ started: false });
    expect(await stage.obeys(fresh.slice(0, 2))).toBe(false);
    expect(await stage.obeys(keys)).toBe(true);
  }, 30_000);
});
