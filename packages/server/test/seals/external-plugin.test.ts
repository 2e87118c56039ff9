// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { ConfigError, type PluginConfig, parseDocument, readConfig } from "../../src/config/index.ts";
import { loadExternalPlugin } from "../../src/seals/external-plugin.ts";
import { openSeal } from "../../src/seals/open-seal.ts";
import { SEAL_TYPES, sealRegistry } from "../../src/seals/registry.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-external-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A plugin that wraps by reversing; each part can be replaced by other code. */
function moduleText(over: Readonly<Record<string, string>> = {}): string {
  const field = (doc: string, more = "") =>
    `{ schema: { safeParse: (data) => ({ success: true, data }) }, doc: "${doc}"${more} }`;
  const parts = {
    kind: '"auto"',
    type: '"acme"',
    config: `{ key_name: ${field("The key.")}, pin: ${field("The PIN.", ', secret: true, env: ["ACME_PIN"]')} }`,
    open: "async () => seal",
    wrap: "async (plaintext) => ({ ciphertext: plaintext.toReversed(), keyInfo: { keyId: String(process.pid) } })",
    unwrap: "async ({ ciphertext }) => ciphertext.toReversed()",
    close: "async () => {}",
    ...over,
  };
  const { kind, type, config, open, wrap, unwrap, close } = parts;
  return `const seal = { type: "acme", wrap: ${wrap}, unwrap: ${unwrap}, close: ${close} };
export const plugin = { kind: ${kind}, type: ${type}, config: ${config}, open: ${open} };\n`;
}

function write(name: string, text: string): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return text;
}

/** What a configuration with these blocks says; it stands in the folder. */
function configured(blocks: string, env: NodeJS.ProcessEnv = {}) {
  const content = `storage "inmem" {}\nlistener "tcp" { tls_disable = true }\n${blocks}`;
  return readConfig([parseDocument(content, join(folder, "c.hcl"))], env).config;
}

function declared(settings: string): PluginConfig {
  return configured(`plugin "acme" { ${settings} }`).plugin[0]!;
}

async function open(blocks: string, env: NodeJS.ProcessEnv = {}) {
  const config = configured(blocks, env);
  const host = { registry: sealRegistry(config.plugin), env: { ...process.env, ...env }, log: () => undefined };
  const opened = await openSeal(config.seal[0]!, host);
  onTestFinished(() => opened.seal?.close());
  return opened;
}

const refusal = (settings: string, code = "SEAL_PLUGIN_UNAVAILABLE") =>
  rejectsWithCode(loadExternalPlugin(declared(settings), 500), code);

describe("the module of a plugin block", () => {
  it("is looked up from the configuration's folder, or by its absolute path", async () => {
    write("plugins/acme.mjs", moduleText());
    for (const module of [
      "./plugins/acme.mjs",
      `../${folder.split("/").at(-1)}/plugins/acme.mjs`,
      join(folder, "plugins/acme.mjs"),
    ]) {
      expect(await loadExternalPlugin(declared(`module = "${module}"`))).toMatchObject({ type: "acme" });
    }
  });

  it("may be a package that is installed there or above, and may be CommonJS", async () => {
    write("node_modules/@acme/seal/package.json", '{ "exports": { ".": { "default": "./lib/seal.mjs" } } }');
    write("node_modules/@acme/seal/lib/seal.mjs", moduleText());
    expect(await loadExternalPlugin(declared('module = "@acme/seal"'))).toMatchObject({ type: "acme" });
    write("node_modules/acme-old/index.js", moduleText().replace("export const plugin =", "module.exports.plugin ="));
    expect(await loadExternalPlugin(declared('module = "acme-old"'))).toMatchObject({ type: "acme" });
  });

  it("with the digest that the block gives is loaded", async () => {
    const sha256 = createHash("sha256").update(write("acme.mjs", moduleText())).digest("hex");
    expect(await loadExternalPlugin(declared(`module = "./acme.mjs" sha256 = "${sha256}"`))).toMatchObject({
      type: "acme",
    });
  });

  it.each([
    ["a file that is not there", 'module = "./nowhere.mjs"', "/nowhere.mjs cannot be read (ENOENT)"],
    ["a folder", 'module = "./"', "cannot be read (EISDIR)"],
    ["a package that is not there", 'module = "@acme/nowhere"', "there is no package @acme/nowhere"],
    ["a file without ./", 'module = "acme.mjs"', 'or give a path, such as "./acme.mjs"'],
    ["a part of Node.js", 'module = "fs"', "fs is a part of Node.js"],
    ["a file of another digest", `module = "./acme.mjs" sha256 = "${"0".repeat(64)}"`, "nothing of it was loaded"],
    ["a package that exports nothing for everybody", 'module = "import-only"', 'no export for the condition "default"'],
  ])("is SEAL_PLUGIN_UNAVAILABLE when it is %s, with the block's place", async (_what, settings, says) => {
    write("acme.mjs", moduleText());
    write("node_modules/import-only/package.json", '{ "exports": { "import": "./seal.mjs" } }');
    const { message, advice } = await refusal(settings);
    expect(message).toContain(`${join(folder, "c.hcl")}:3:8: plugin "acme": `);
    expect(message).toContain(says);
    expect(advice).toEqual(expect.any(String));
  });

  it.each([
    ["of a plugin of another type", moduleText({ type: '"acne"' }), 'a seal called "acne": call the block so'],
    ["of a seal of shares", moduleText({ kind: '"shares"' }), 'kind is "shares"'],
    ["of half a plugin", moduleText({ open: "undefined" }), "open must be a function"],
    ["without a plugin", "export {};", "it must be an object, and is missing"],
    ["with a mistake in its syntax", "export const plugin = {", "cannot be loaded"],
    [
      "with a setting that every seal has",
      moduleText({ config: '{ name: { schema: { safeParse() {} }, doc: "" } }' }),
      "its setting name is one that every seal has",
    ],
    ["that never finishes loading", "await new Promise(() => {});", "was not loaded within 500 ms"],
  ])("is SEAL_PLUGIN_UNAVAILABLE when it is one %s", async (_what, text, says) => {
    write("acme.mjs", text);
    expect((await refusal('module = "./acme.mjs"')).message).toContain(says);
  });
});

describe("a registry", () => {
  it.each(SEAL_TYPES)("refuses a plugin called like the %s seal, which comes with the server", (type) => {
    const { plugin } = configured(`plugin "${type}" { module = "./x.mjs" }`);
    expect(() => sealRegistry(plugin)).toThrow(ConfigError);
    expect(() => sealRegistry(plugin)).toThrow(`the ${type} seal comes with the server`);
  });

  it("lists the plugins among the known types when none is meant", async () => {
    const { plugin } = configured('plugin "acme" { module = "./x.mjs" }');
    const { message } = await rejectsWithCode(sealRegistry(plugin).load("acne"), "SEAL_CONFIG");
    expect(message).toMatch(/there is no seal of type "acne": known are shamir, .*acme$/);
  });

  it("knows the secret variables of its plugins, which processes of other seals must not see", async () => {
    write("acme.mjs", moduleText());
    const { plugin } = configured('plugin "acme" { module = "./acme.mjs" }');
    expect(await sealRegistry(plugin).secretVariables("pkcs11")).toEqual(
      expect.arrayContaining(["ACME_PIN", "BAO_STATIC_SEAL_CURRENT_KEY", "AWS_SECRET_ACCESS_KEY"]),
    );
  });

  it("leaves to a seal's process what its own SDK reads, and nothing of another's", async () => {
    write("acme.mjs", moduleText());
    const { plugin } = configured('plugin "acme" { module = "./acme.mjs" }');
    const withheld = await sealRegistry(plugin).secretVariables("azurekeyvault");
    expect(withheld).not.toContain("AZURE_CLIENT_SECRET");
    expect(withheld).toEqual(expect.arrayContaining(["AWS_SESSION_TOKEN", "BAO_HSM_PIN", "ACME_PIN"]));
  });
});

describe("a seal of a plugin block", () => {
  const BLOCKS = 'plugin "acme" { module = "./acme.mjs" }\n';
  const root = Buffer.from("root key");

  it("wraps, shows its settings without secrets, and takes variables", async () => {
    write("acme.mjs", moduleText());
    const { seal, settings } = await open(`${BLOCKS}seal "acme" { key_name = "k" }`, { ACME_PIN: "hunter2" });
    expect(settings).toEqual([
      { key: "key_name", shown: "k" },
      { key: "pin", shown: "[secret]" },
    ]);
    expect(Buffer.from(await seal!.unwrap(await seal!.wrap(root)))).toEqual(root);
  });

  it("may be meant by BAO_SEAL_TYPE alone", async () => {
    write("acme.mjs", moduleText());
    expect((await open(BLOCKS, { BAO_SEAL_TYPE: "acme" })).seal?.type).toBe("acme");
  });

  it("runs in a process of its own where its block says so, and its digest is checked there too", async () => {
    const text = write("acme.mjs", moduleText());
    const sha256 = createHash("sha256").update(text).digest("hex");
    const blocks = `plugin "acme" { module = "./acme.mjs" sha256 = "${sha256}" }\nseal "acme" { isolation = "process" }`;
    const { seal } = await open(blocks);
    const blob = await seal!.wrap(root);
    const pid = Number(blob.keyInfo?.keyId);
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toContain("acme.mjs");
    expect(pid).not.toBe(process.pid);
    write("acme.mjs", moduleText({ unwrap: "async () => new Uint8Array([6, 6, 6])" }));
    process.kill(pid, "SIGKILL");
    const refused = async () => {
      for (;;) {
        try {
          await seal!.unwrap(blob);
          throw new Error("a module of another digest was run");
        } catch (error) {
          // The process that was killed may not be known to be gone yet.
          if (!(error instanceof Error && "code" in error && error.code === "SEAL_UNAVAILABLE")) throw error;
        }
      }
    };
    expect((await rejectsWithCode(refused(), "SEAL_PLUGIN_UNAVAILABLE")).message).toContain(sha256);
  });

  it.each(["none", "process"])(
    "with an unknown setting is refused with its place (isolation %s)",
    async (isolation) => {
      write("acme.mjs", moduleText());
      const opening = open(`${BLOCKS}seal "acme" {\n  isolation = "${isolation}"\n  key_nam = "k"\n}`);
      const place = `${join(folder, "c.hcl")}:6:3`;
      await expect(opening).rejects.toThrow(ConfigError);
      await expect(opening).rejects.toThrow(`${place}: seal "acme": unknown setting "key_nam": did you mean key_name?`);
    },
  );

  it("whose schema fails instead of refusing is SEAL_PLUGIN_UNAVAILABLE", async () => {
    const failing = '{ pin: { schema: { safeParse() { throw new Error("hunter2"); } }, doc: "" } }';
    write("acme.mjs", moduleText({ config: failing }));
    const opening = open(`${BLOCKS}seal "acme" { pin = "hunter2" }`);
    expect((await rejectsWithCode(opening, "SEAL_PLUGIN_UNAVAILABLE")).message).not.toContain("hunter2");
  });

  it.each([
    ["opens nothing", { open: "async () => undefined" }, "SEAL_PLUGIN_UNAVAILABLE", "wrap, unwrap, close"],
    ["opens half a seal", { unwrap: "undefined" }, "SEAL_PLUGIN_UNAVAILABLE", "opened no seal: unwrap"],
    ["rejects", { open: 'async () => { throw new Error("hunter2"); }' }, "SEAL_UNAVAILABLE", "the log has the details"],
    ["throws", { open: '() => { throw new Error("hunter2"); }' }, "SEAL_UNAVAILABLE", "the log has the details"],
  ])("that %s when it is opened is refused, here and in a process of its own", async (_what, over, code, says) => {
    write("acme.mjs", moduleText(over));
    for (const isolation of ["none", "process"]) {
      const opening = open(`${BLOCKS}seal "acme" { isolation = "${isolation}" }`);
      const { message } = await rejectsWithCode(opening, code);
      expect(message).toContain(says);
      expect(message).not.toContain("hunter2");
    }
  });

  it("that hangs when it is opened is SEAL_TIMEOUT after its call_deadline, and what opens too late is closed", async () => {
    const closed = join(folder, "closed");
    const close = `async () => (await import("node:fs")).writeFileSync(${JSON.stringify(closed)}, "")`;
    write("acme.mjs", moduleText({ close, open: "() => new Promise((resolve) => setTimeout(resolve, 400, seal))" }));
    const opening = open(`${BLOCKS}seal "acme" { call_deadline = "200ms" }`);
    const { message } = await rejectsWithCode(opening, "SEAL_TIMEOUT");
    expect(message).toBe("the acme seal was not opened within 200 ms");
    await vi.waitFor(() => expect(existsSync(closed)).toBe(true), 5_000);
  });

  it.each([
    ["wraps to garbage", { wrap: 'async () => "wrapped"' }, "SEAL_PLUGIN_UNAVAILABLE"],
    ["wraps to what cannot be sent", { wrap: "async () => ({ ciphertext: () => {} })" }, "SEAL_PLUGIN_UNAVAILABLE"],
    ["rejects with a plain error", { wrap: 'async () => { throw new Error("hunter2"); }' }, "SEAL_UNAVAILABLE"],
    ["never answers", { wrap: "() => new Promise(() => {})" }, "SEAL_TIMEOUT"],
  ])("that %s is told so, here and in a process of its own", async (_what, over, code) => {
    write("acme.mjs", moduleText(over));
    for (const isolation of ["none", "process"]) {
      const { seal } = await open(`${BLOCKS}seal "acme" { call_deadline = "1s" isolation = "${isolation}" }`);
      expect((await rejectsWithCode(seal!.wrap(root), code)).message).not.toContain("hunter2");
    }
  });
});
