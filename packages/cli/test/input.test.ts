// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { joinWrappedTexts, loadPgpKeys, loadPgpKeysFile } from "../src/input/pgp-keys.ts";
import { cli } from "./support/fake-io.ts";
import { StubServer } from "./support/stub-server.ts";

let folder: string;
let stub: StubServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-cli-"));
  stub = await new StubServer().start();
});
afterAll(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function written(args: readonly string[], stdin = ""): Promise<unknown> {
  stub.play({ "PUT a/b": { status: 204 } });
  const outcome = await cli(["write", "a/b", ...args], { env: { VAULT_ADDR: stub.address }, stdin });
  expect(outcome).toEqual({ code: 0, stdout: "Success! Data written to: a/b\n", stderr: "" });
  return stub.seen.at(-1)!.body;
}

describe("data from arguments", () => {
  it("are texts, also those that look like numbers", async () => {
    expect(await written(["n=1", "t=true", "e=", "q=a=b"])).toBe('{"n":"1","t":"true","e":"","q":"a=b"}');
  });

  it("come from a file behind @, and from standard input behind -", async () => {
    const path = file("value", "from file\n");
    expect(await written([`f=@${path}`, "s=-"], "from stdin")).toBe('{"f":"from file\\n","s":"from stdin"}');
  });

  it("begin with an at sign when it is escaped", async () => {
    expect(await written(["a=\\@x"])).toBe('{"a":"@x"}');
  });

  it("become a list when a key is repeated", async () => {
    expect(await written(["a=1", "a=2", "a=3"])).toBe('{"a":["1","2","3"]}');
  });

  it("keep exact numbers and odd keys of a JSON object", async () => {
    const json = '{"__proto__":1,"big":12345678901234567890,"d":1.10}';
    expect(await written(["-"], json)).toBe(json);
    expect(await written([`@${file("o.json", json)}`])).toBe(json);
  });

  it.each([
    [["novalue"], "argument 1 is not in the form key=value"],
    [["a=1", "=x"], "argument 2 is not in the form key=value"],
    [["a=-", "b=-"], "standard input (-) can be used only once"],
    [["-"], "standard input is not a JSON object"],
    [["@/nonexistent"], "open /nonexistent: no such file or directory"],
    [["a=@/"], "open /: is a directory"],
    [[], "Must supply data or use -force"],
  ])("%j are refused: %s", async (args, message) => {
    stub.play({});
    const outcome = await cli(["write", "a/b", ...args], { env: { VAULT_ADDR: stub.address }, stdin: "[1]" });
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(message);
    expect(stub.seen).toEqual([]);
  });

  it("are not quoted when they are broken JSON, since they may be secret", async () => {
    const outcome = await cli(["write", "a/b", "-"], { stdin: '{"password":"s3cret' });
    expect(outcome).toEqual({
      code: 1,
      stdout: "",
      stderr: "Failed to parse K=V data: standard input is not valid JSON\n",
    });
  });

  it("are not quoted when a pair lacks its key", async () => {
    expect((await cli(["write", "a/b", "s3cret"])).stderr).not.toContain("s3cret");
  });
});

describe("PGP keys", () => {
  const armored = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n";

  it("are sent as base64, whether the file is armored, binary or base64 already", async () => {
    const binary = Buffer.from([0x99, 1, 2, 3]);
    const list = [file("a.asc", armored), file("b.bin", binary), file("c.b64", `${binary.toString("base64")}\n`)].join(
      ",",
    );
    expect(await loadPgpKeys("pgp-keys", list, {})).toEqual([
      Buffer.from(armored).toString("base64"),
      binary.toString("base64"),
      binary.toString("base64"),
    ]);
  });

  it("that cannot be read are named with their flag", async () => {
    await expect(loadPgpKeys("pgp-keys", "/nonexistent", {})).rejects.toThrow(
      'invalid value "/nonexistent" for flag -pgp-keys: open /nonexistent: no such file or directory',
    );
  });

  it("of keybase users come from the configured address", async () => {
    const keybase = createServer((request, response) => {
      expect(request.url).toContain("usernames=alice%2Cbob");
      const person = (bundle: string) => ({ public_keys: { primary: { bundle } } });
      response.end(JSON.stringify({ status: { code: 0 }, them: [person("A"), person("B")] }));
    });
    await new Promise<void>((resolve) => keybase.listen(0, "127.0.0.1", resolve));
    try {
      const env = { SEALWRIGHT_KEYBASE_ADDR: `http://127.0.0.1:${(keybase.address() as AddressInfo).port}` };
      const keys = await loadPgpKeys("pgp-keys", `keybase:alice,${file("c", armored)},keybase:bob`, env);
      expect(keys).toEqual(["QQ==", Buffer.from(armored).toString("base64"), "Qg=="]);
    } finally {
      keybase.closeAllConnections();
      await new Promise((resolve) => keybase.close(resolve));
    }
  });

  it.each([
    [{ status: 200, body: { them: [null] } }, 'keybase user "alice" does not exist or has no PGP key'],
    [{ status: 200, body: { them: [{ public_keys: {} }] } }, 'keybase user "alice" does not exist or has no PGP key'],
    [{ status: 200, body: "<html>" }, "is not a list of Keybase users"],
    [{ status: 500, body: {} }, "it answered 500"],
  ])("of keybase users that answer %j are refused", async (reply, message) => {
    stub.play({ "GET /_/api/1.0/user/lookup.json?usernames=alice&fields=public_keys": reply });
    await expect(loadPgpKeys("pgp-key", "keybase:alice", { SEALWRIGHT_KEYBASE_ADDR: stub.address })).rejects.toThrow(
      message,
    );
  });

  it("of keybase users say what to do when the address cannot be reached", async () => {
    await expect(
      loadPgpKeys("pgp-keys", "keybase:alice", { SEALWRIGHT_KEYBASE_ADDR: "http://127.0.0.1:1" }),
    ).rejects.toThrow(/cannot fetch PGP keys from http:\/\/127\.0\.0\.1:1 .*save them to files/);
  });
});

describe("a file of PGP keys", () => {
  const line = (letter: string, length: number) => letter.repeat(length);

  it.each([
    ["one key per line", "QUJD\nREVG\n", ["QUJD", "REVG"]],
    [
      "wrapped lines up to the shorter one",
      `${line("A", 76)}\n${line("B", 8)}\n${line("C", 8)}`,
      [`${line("A", 76)}${line("B", 8)}`, line("C", 8)],
    ],
    ["a new key after padding", `${line("A", 75)}=\n${line("B", 76)}`, [`${line("A", 75)}=`, line("B", 76)]],
    [
      "a new key at the armored start",
      `${line("A", 76)}\nLS0tLS1CRUdJTiBQ\nQUJD`,
      [line("A", 76), "LS0tLS1CRUdJTiBQ", "QUJD"],
    ],
    ["long lines as keys of their own", `${line("A", 400)}\n${line("B", 400)}`, [line("A", 400), line("B", 400)]],
    ["a new key after an empty line", `${line("A", 76)}\n\n${line("B", 76)}`, [line("A", 76), line("B", 76)]],
  ])("is read with %s", (_what, content, keys) => {
    expect(joinWrappedTexts(content)).toEqual(keys);
  });

  it.each([
    ["", "no keys"],
    ["\n\n", "no keys"],
    ["QUJD\n***\n", "key 2 is not base64"],
    ["QUJ", "key 1 is not base64"],
  ])("with the content %j is refused", (content, message) => {
    expect(() => loadPgpKeysFile("pgp-keys-file", file("keys.b64", content))).toThrow(message);
  });
});
