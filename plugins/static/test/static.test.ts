// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeBlob, resolveConfig, type Seal, type SealPlugin, type Stanza, secretVariables } from "@sealwright/seal";
import { quietEnvironment, rejectsWithCode } from "@sealwright/testing";
import { afterAll, describe, expect, it } from "vitest";
import { blobVectors, bytes, hex } from "../../../test/support/vectors.ts";
import { plugin } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "sealwright-static-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(stanza: Stanza, env: NodeJS.ProcessEnv = {}): Promise<Seal> {
  return plugin.open(resolveConfig("static", plugin.config, stanza, env).config, quietEnvironment);
}

const [oldKey, newKey] = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")];
const before = { current_key: oldKey, current_key_id: "a" };
const after = { current_key: newKey, current_key_id: "b" };

describe("a static seal whose key was replaced", () => {
  it("refuses what the old key wrapped with SEAL_KEY_MISSING, and says how to give that key", async () => {
    const blob = await (await open(before)).wrap(bytes("aa"));
    const error = await rejectsWithCode((await open(after)).unwrap(blob), "SEAL_KEY_MISSING");
    expect(error.message).toContain('the static key "a"');
    expect(error.message).toContain('only "b"');
    expect(error.advice).toContain("previous_key");
  });

  it("opens it with the old key as previous key, and wraps with the new one only", async () => {
    const blob = await (await open(before)).wrap(bytes("aa"));
    const seal = await open({ ...after, previous_key: oldKey, previous_key_id: "a" });
    expect(hex(await seal.unwrap(blob))).toBe("aa");
    expect((await seal.wrap(bytes("aa"))).keyInfo).toEqual({ keyId: "b" });
    await rejectsWithCode((await open(before)).unwrap(await seal.wrap(bytes("aa"))), "SEAL_KEY_MISSING");
  });

  it("takes the same key under the same id as previous key, as OpenBao does", async () => {
    const seal = await open({ ...before, previous_key: oldKey, previous_key_id: "a" });
    expect(hex(await seal.unwrap(await seal.wrap(bytes("aa"))))).toBe("aa");
  });
});

describe("a static seal", () => {
  it("refuses a blob that names no key with SEAL_BAD_CIPHERTEXT", async () => {
    const seal = await open(before);
    const blob = await seal.wrap(bytes("aa"));
    await rejectsWithCode(seal.unwrap({ ...blob, keyInfo: { keyId: "" } }), "SEAL_BAD_CIPHERTEXT");
  });

  it("quotes and cuts a key id that comes out of storage", async () => {
    const seal = await open(before);
    const keyInfo = { keyId: `\u001b[31m${"x".repeat(500)}` };
    const error = await rejectsWithCode(seal.unwrap({ ciphertext: bytes("aa"), keyInfo }), "SEAL_KEY_MISSING");
    expect(error.message).toContain('"\\u001b[31mxxx');
    expect(error.message.length).toBeLessThan(300);
  });

  it("keeps keys of its own: whoever opened it may wipe the configuration", async () => {
    const { config } = resolveConfig("static", plugin.config, before, {});
    const seal = await plugin.open(config, quietEnvironment);
    config.current_key.fill(0);
    expect(hex(await (await open(before)).unwrap(await seal.wrap(bytes("aa"))))).toBe("aa");
  });

  it("refuses an id that is not Unicode, since it would be stored as another", async () => {
    const error = await rejectsWithCode(open({ ...before, current_key_id: "a\ud800" }), "SEAL_CONFIG");
    expect(error.message).toContain("current_key_id");
  });

  it("is a plugin that the composition root can register", () => {
    const registered: SealPlugin = plugin;
    expect([registered.kind, registered.type]).toEqual(["auto", "static"]);
    expect(secretVariables(plugin.config)).toEqual(["BAO_STATIC_SEAL_CURRENT_KEY", "BAO_STATIC_SEAL_PREVIOUS_KEY"]);
  });
});

describe("the key of a static seal comes from", () => {
  const raw = Buffer.from(oldKey, "hex");
  const cases: [string, string | Uint8Array][] = [
    ["a hex file that an editor ended with a line break", `${oldKey}\n`],
    ["a base64 file without one", raw.toString("base64")],
    ["a raw file", raw],
  ];
  for (const [title, content] of cases) {
    it(title, async () => {
      const path = join(folder, "key");
      writeFileSync(path, content, { mode: 0o600 });
      const seal = await open({ current_key: `file://${path}`, current_key_id: "a" });
      expect(hex(await (await open(before)).unwrap(await seal.wrap(bytes("aa"))))).toBe("aa");
    });
  }

  it("env:// in the stanza, and from its own variables, which win over the stanza", async () => {
    const reference = await open(before);
    const byReference = await open({ current_key: "env://KEY", current_key_id: "a" }, { KEY: oldKey });
    const env = { BAO_STATIC_SEAL_CURRENT_KEY: oldKey, BAO_STATIC_SEAL_CURRENT_KEY_ID: "a" };
    const byVariables = await open(after, env);
    for (const seal of [byReference, byVariables]) {
      expect(hex(await reference.unwrap(await seal.wrap(bytes("aa"))))).toBe("aa");
    }
  });
});

describe("the configurations that OpenBao was given", () => {
  for (const { wrapper, config, error } of blobVectors.errors) {
    if (wrapper !== "static" || config === undefined) continue;
    const title = Object.entries(config).map(([key, value]) => `${key}=${value.slice(0, 24)}`);
    it(`${title.join(" ") || "none"}: ${error === null ? "accepted" : "refused with SEAL_CONFIG"}`, async () => {
      if (error !== null) await rejectsWithCode(open(config), "SEAL_CONFIG");
      else expect((await open(config)).type).toBe("static");
    });
  }
});

describe("the blobs that OpenBao made", () => {
  const vectors = blobVectors.vectors.filter((vector) => vector.wrapper.startsWith("static"));
  for (const [index, { keys, ...vector }] of vectors.entries()) {
    it(`${index}: open, under the key ${vector.key_info.key_id}`, async () => {
      const seal = await open({
        current_key: keys.current_key_hex!,
        current_key_id: keys.current_key_id!,
        previous_key: keys.previous_key_hex!,
        previous_key_id: keys.previous_key_id!,
      });
      const blob = decodeBlob(bytes(vector.blobinfo_hex));
      expect(hex(await seal.unwrap(blob, { aad: bytes(vector.aad_hex) }))).toBe(vector.plaintext_hex);
      expect((await seal.wrap(bytes("aa"))).iv?.length).toBe(12);
    });
  }
});
