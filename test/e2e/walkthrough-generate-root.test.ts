// SPDX-License-Identifier: Apache-2.0
/** A quorum makes a root token, on the command line and by HTTP. */
import { afterEach, describe, expect, test } from "vitest";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { rows, UUID } from "./walkthrough/tables.ts";

let stage: Stage;
afterEach(() => stage.close());

const PROGRESS = { Started: "true", Complete: "false" };

/** Whether `token` may do everything, and is not the one that init gave. */
async function expectRoot(token: string): Promise<void> {
  expect(token).not.toBe(stage.rootToken);
  const self = await stage.http("GET", "auth/token/lookup-self", undefined, token);
  expect(self).toMatchObject({ status: 200, body: { data: { policies: ["root"] } } });
  expect((await stage.http("PUT", "auth/token/revoke-self", undefined, token)).status).toBe(204);
  expect((await stage.http("GET", "auth/token/lookup-self", undefined, token)).status).toBe(403);
}

describe.each(SEALS)("a root token on a %s seal", (seal) => {
  test("comes out of the server's one-time password, and out of none but that", async () => {
    stage = await Stage.open(seal);
    const { shell, keys } = stage;
    const generate = "sealwright operator generate-root";
    const begun = rows(await shell.ok(`${generate} -init`));
    expect(begun).toMatchObject({ Nonce: expect.stringMatching(UUID), Progress: "0/3", ...PROGRESS });
    expect(begun.OTP).toMatch(/^[0-9A-Za-z]{26}$/);
    expect(rows(await shell.ok(`${generate} -status`)).OTP).toBeUndefined();
    for (const holder of [1, 2]) {
      const shown = rows(await shell.ok(`${generate} -nonce=${begun.Nonce} ${keys[holder - 1]}`));
      expect(shown).toMatchObject({ Progress: `${holder}/3`, ...PROGRESS });
    }
    const done = rows(await shell.ok(`echo ${keys[4]} | ${generate} -nonce=${begun.Nonce} -`));
    expect(done).toMatchObject({ Progress: "3/3", Complete: "true" });
    const encoded = done["Encoded Token"] ?? "";
    const other = await shell.ok(`${generate} -decode=${encoded} -otp=${"x".repeat(26)}`);
    expect((await stage.http("GET", "auth/token/lookup-self", undefined, encodeURIComponent(other))).status).toBe(403);
    expect(await shell.run(`${generate} -decode=${encoded} -otp=short`)).toMatchObject({ code: 1 });
    await expectRoot(await shell.ok(`${generate} -decode=${encoded} -otp=${begun.OTP}`));
  }, 30_000);

  test("comes out of a one-time password of one's own", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { shell, keys } = stage;
    const generate = "sealwright operator generate-root";
    await shell.ok(`${generate} -generate-otp > otp.txt`);
    const begun = rows(await shell.ok(`${generate} -init -otp=$(cat otp.txt)`));
    const done = rows(await shell.ok(`${generate} -nonce=${begun.Nonce} ${keys[0]}`));
    await expectRoot(await shell.ok(`${generate} -decode=${done["Encoded Token"]} -otp=$(cat otp.txt)`));
    expect(await shell.run(`${generate} -init -otp=tooshort`)).toMatchObject({ code: 2 });
  });

  test("is encrypted to a PGP key, whose holder reads it", async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { shell, keys } = stage;
    const generate = "sealwright operator generate-root";
    const fingerprint = await shell.makePgpKey("alice");
    await shell.ok("gpg --export -a =alice > alice.asc");
    const begun = rows(await shell.ok(`${generate} -init -pgp-key=alice.asc`));
    expect(begun).toMatchObject({ "PGP Fingerprint": fingerprint });
    expect(begun.OTP).toBeUndefined();
    const done = rows(await shell.ok(`${generate} -nonce=${begun.Nonce} ${keys[0]}`));
    await expectRoot(await shell.decrypt(done["Encoded Token"] ?? ""));
  }, 30_000);

  test("comes by HTTP, and is decoded there", async () => {
    stage = await Stage.open(seal);
    const { body: begun } = await stage.http("PUT", "sys/generate-root/attempt", {});
    const { body } = await stage.submit("sys/generate-root/update", begun.nonce, stage.keys.slice(2));
    expect(body).toMatchObject({ complete: true, progress: 3 });
    const decoding = { encoded_token: body.encoded_token, otp: begun.otp };
    const decoded = await stage.http("PUT", "sys/decode-token", decoding);
    await expectRoot((decoded.body.data as { readonly token: string }).token);
  });

  test("is not made by too few shares, by wrong ones, or after a cancel", async () => {
    stage = await Stage.open(seal);
    const { shell, keys } = stage;
    const generate = "sealwright operator generate-root";
    expect(await shell.run(`${generate} -nonce=none ${keys[0]}`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/No root generation is in progress/),
    });
    const begun = rows(await shell.ok(`${generate} -init`));
    await shell.ok(`${generate} -nonce=${begun.Nonce} ${keys[0]}`);
    const twice = await shell.run(`${generate} -nonce=${begun.Nonce} ${keys[0]}`);
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringMatching(/already been provided/) });
    await shell.ok(`${generate} -nonce=${begun.Nonce} ${keys[1]}`);
    const wrong = Buffer.from(keys[2] ?? "", "base64");
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    const refused = await shell.run(`${generate} -nonce=${begun.Nonce} ${wrong.toString("base64")}`);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(rows(await shell.ok(`${generate} -status`))).toMatchObject({ Progress: "0/3", ...PROGRESS });
    expect(await shell.ok(`${generate} -cancel -nonce=${begun.Nonce}`)).toMatch(
      /Success! Root token generation canceled/,
    );
    expect(await shell.run(`${generate} -nonce=${begun.Nonce} ${keys[0]}`)).toMatchObject({ code: 1 });
  }, 30_000);
});

test("a holder sees the attempt before the share is asked for, unseen, on a terminal", async () => {
  stage = await Stage.open("shamir", { shares: 1, threshold: 1 });
  const begun = rows(await stage.shell.ok("sealwright operator generate-root -init"));
  const { code, screen } = await stage.shell.onTerminal("sealwright operator generate-root", stage.keys[0]!);
  expect(code).toBe(0);
  const [before = "", after = ""] = screen.split("Unseal Key (will be hidden): ");
  expect(before).toContain(`Operation nonce: ${begun.Nonce}`);
  expect(rows(before)).toMatchObject({ "Started By": "127.0.0.1", Progress: "0/1" });
  expect(rows(after)).toMatchObject({ Complete: "true" });
  expect(screen).not.toContain(stage.keys[0]);
});
