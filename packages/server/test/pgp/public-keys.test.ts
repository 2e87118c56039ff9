// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encryptTo, PgpKeyError, readPublicKeys } from "../../src/pgp/public-keys.ts";
import { Gpg } from "./gpg.ts";

let gpg: Gpg;
beforeAll(() => {
  gpg = new Gpg();
  gpg.generate("rsa", "rsa2048");
  gpg.generate("curve", "future-default");
});
afterAll(() => gpg.stop());

async function refusal(texts: readonly string[]): Promise<PgpKeyError> {
  const error = await readPublicKeys(texts).catch((it: unknown) => it);
  expect(error).toBeInstanceOf(PgpKeyError);
  return error as PgpKeyError;
}

describe("a public key", () => {
  it.each([
    ["rsa", "binary"],
    ["rsa", "armored"],
    ["curve", "binary"],
    ["curve", "armored"],
  ] as const)("(%s, %s) is read, and gpg decrypts what is encrypted to it", async (name, form) => {
    const [recipient] = await readPublicKeys([gpg.export(name, form)]);
    expect(recipient?.fingerprint).toBe(gpg.fingerprint(name));
    const message = await encryptTo(recipient!, "a share's text");
    expect(gpg.decrypt(message.toString("base64"))).toBe("a share's text");
  });

  it("is read where its base64 is broken into lines", async () => {
    const text = gpg.export("curve").replace(/(.{76})/g, "$1\n");
    expect((await readPublicKeys([text]))[0]?.fingerprint).toBe(gpg.fingerprint("curve"));
  });
});

describe("keys that will not do are named by number:", () => {
  it.each([
    ["not base64", "not base64!", /base64/],
    ["empty", "", /base64/],
    ["base64 of something else", Buffer.from("hello").toString("base64"), /not a PGP public key/],
    ["armor of nothing", Buffer.from("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n").toString("base64"), /not a PGP/],
  ])("%s", async (_what, text, why) => {
    const error = await refusal([gpg.export("rsa"), text]);
    expect(error.message).toMatch(/^PGP key 2 /);
    expect(error.message).toMatch(why);
  });

  it("one that cannot encrypt", async () => {
    gpg.generateSigner("signer");
    expect((await refusal([gpg.export("signer")])).message).toMatch(/^PGP key 1 .*can encrypt/);
  });

  it("one that has expired", async () => {
    gpg.generate("brief", "future-default", "seconds=1");
    const key = gpg.export("brief");
    const why = () => refusal([key]).then(({ message }) => message, String);
    await expect.poll(why, { timeout: 5_000 }).toMatch(/^PGP key 1 expired on \d{4}-\d\d-\d\d$/);
  });

  it("one that was revoked", async () => {
    gpg.generate("gone", "future-default");
    expect((await refusal([gpg.export("curve"), gpg.revoke("gone")])).message).toBe("PGP key 2 has been revoked");
  });

  it("a private key, and quotes nothing of it", async () => {
    const error = await refusal([gpg.exportSecret("curve")]);
    expect(error.message).toMatch(/^PGP key 1 is a private key/);
  });

  it("one that was given before, in whatever form", async () => {
    const error = await refusal([gpg.export("rsa"), gpg.export("curve"), gpg.export("rsa", "armored")]);
    expect(error.message).toMatch(/^PGP key 3 is the same as PGP key 1/);
  });

  it("one that is cut short", async () => {
    const whole = Buffer.from(gpg.export("rsa"), "base64");
    const cut = whole.subarray(0, whole.length - 40).toString("base64");
    expect((await refusal([cut])).message).toMatch(/^PGP key 1 /);
  });
});
