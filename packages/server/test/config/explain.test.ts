// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explainConfig } from "../../src/config/explain.ts";
import { ConfigError } from "../../src/config/index.ts";
import { MINIMUM } from "./load-from.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);
let folder = "";
let file = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-explain-"));
  file = join(folder, "c.hcl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function explain(content: string, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(file, MINIMUM + content);
  const { values, warnings } = await explainConfig([file], env);
  const find = (setting: string) => values.find((each) => each.setting === setting);
  return { values, warnings, find };
}

describe("an explained configuration", () => {
  it("says of every value where it came from", async () => {
    const { find } = await explain('log_level = "WARN"\nceremony_timeout = 90', { VAULT_CLUSTER_NAME: "c" });
    expect(find("log_level")).toMatchObject({ value: "warn", origin: { from: "file", file, line: 2 } });
    expect(find("ceremony_timeout")).toMatchObject({ value: "1m30s", origin: { line: 3 } });
    expect(find("cluster_name")).toEqual({
      setting: "cluster_name",
      value: "c",
      origin: { from: "variable", name: "VAULT_CLUSTER_NAME" },
    });
    expect(find("max_lease_ttl")).toEqual({
      setting: "max_lease_ttl",
      value: "768h",
      origin: { from: "default" },
    });
    expect(find("listener.0.address")).toMatchObject({ value: "127.0.0.1:8200", origin: { from: "default" } });
    expect(find("listener.0.max_request_duration")).toMatchObject({ value: "1m30s" });
    expect(find("storage.type")).toMatchObject({ value: "inmem" });
    expect(find("pid_file")).toBeUndefined();
  });

  it("has each seal's own values by its name, from stanza, variable and default", async () => {
    const { find } = await explain(`seal "static" {\n  name = "spare"\n  current_key = "${KEY}"\n}`, {
      BAO_STATIC_SEAL_CURRENT_KEY_ID: "k7",
    });
    expect(find("seal.spare.type")).toMatchObject({ value: "static", origin: { from: "file", line: 2 } });
    expect(find("seal.spare.call_deadline")).toMatchObject({ value: "30s", origin: { from: "default" } });
    expect(find("seal.spare.current_key")).toMatchObject({ value: "[secret]", origin: { from: "file", line: 4 } });
    expect(find("seal.spare.current_key_id")).toMatchObject({ value: "k7", origin: { from: "variable" } });
  });

  it("calls a plugin block by its type", async () => {
    const { find } = await explain('plugin "acme" { module = "./acme.mjs" }');
    expect(find("plugin.acme.module")).toMatchObject({ value: "./acme.mjs", origin: { from: "file", line: 2 } });
  });

  it("shows no secret, not even one that stands in a URL", async () => {
    const text = JSON.stringify(
      await explain(`api_addr = "https://user:hunter2@host:8200"\nseal "static" { current_key_id = "a" }`, {
        BAO_STATIC_SEAL_CURRENT_KEY: KEY,
      }),
    );
    expect(text).not.toContain(KEY);
    expect(text).not.toContain("hunter2");
    expect(text).toContain("https://[secret]@host:8200");
  });

  it("gives the audit file one name, whichever of Vault's two stands in the file", async () => {
    const { find } = await explain('audit "file" { options { file_path = "/a" } }');
    expect(find("audit.path")).toMatchObject({ value: "/a", origin: { from: "file", line: 2 } });
    expect(find("audit.file_path")).toBeUndefined();
  });

  it("passes on what is accepted without effect", async () => {
    const { warnings } = await explain("disable_mlock = true");
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ["an unknown key", "loglevel = 1", "unknown key"],
    ["an unknown seal", 'seal "stattic" {}', 'there is no seal of type "stattic"'],
    ["an unknown key of a seal", 'seal "static" { curent_key_id = "a" }', "did you mean current_key_id?"],
    ["a setting of a seal that is missing", 'seal "static" {}', "is required"],
    ["a secret's file that is not there", 'seal "static" { current_key_id = "a" current_key = "file:///no" }', "/no"],
  ])("refuses %s with its place", async (_what, content, message) => {
    const error = await explain(content).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).toContain(message);
    expect((error as ConfigError).at).toMatchObject({ file, line: 2 });
  });
});
