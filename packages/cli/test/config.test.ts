// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "./support/fake-io.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);
let folder = "";
let config = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-config-"));
  config = join(folder, "server.hcl");
  writeFileSync(
    config,
    `storage "inmem" {}\nlistener "tcp" { tls_disable = true }\nseal "static" {\n  current_key = "${KEY}"\n  current_key_id = "k1"\n}\n`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("config explain", () => {
  it("prints a table of settings, values and places, without secrets", async () => {
    const { code, stdout, stderr } = await cli(["config", "explain", `-config=${config}`], {
      env: { VAULT_LOG_LEVEL: "debug" },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Setting +Value +From$/m);
    expect(stdout).toMatch(/^log_level +debug +variable VAULT_LOG_LEVEL$/m);
    expect(stdout).toMatch(/^log_format +standard +default$/m);
    expect(stdout).toContain(`${config}:5`);
    expect(stdout).toMatch(/^seal\.static\.current_key +\[secret\] +/m);
    expect(stdout).not.toContain(KEY);
  });

  it("prints the same as JSON", async () => {
    const { code, stdout } = await cli(["config", "explain", `-config=${config}`, "-format=json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toContainEqual({
      setting: "seal.static.current_key_id",
      value: "k1",
      origin: { from: "file", file: config, line: 5, column: 3 },
    });
  });

  it("tells on standard error what has no effect", async () => {
    writeFileSync(config, 'disable_mlock = true\nstorage "inmem" {}\nlistener "tcp" { tls_disable = true }\n');
    const { code, stderr } = await cli(["config", "explain", `-config=${config}`]);
    expect(code).toBe(0);
    expect(stderr).toContain(`Warning: ${config}:1:1: disable_mlock is accepted and has no effect`);
  });

  it.each([
    ["that is none", "seal {", "server.hcl:"],
    ["that has a mistyped key", "loglevel = 1", "did you mean log_level?"],
  ])("ends with 1 for a configuration %s", async (_what, content, message) => {
    writeFileSync(config, content);
    const { code, stdout, stderr } = await cli(["config", "explain", `-config=${config}`]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("ends with 1 for a file that is not there, and without one", async () => {
    expect(await cli(["config", "explain", `-config=${folder}/no.hcl`])).toMatchObject({ code: 1, stdout: "" });
    expect(await cli(["config", "explain"])).toMatchObject({ code: 1, stdout: "" });
  });
});
