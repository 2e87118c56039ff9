// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { load, loadFrom, MINIMUM, refusal } from "./load-from.ts";

describe("the configuration outside blocks", () => {
  it("has the defaults of Vault", () => {
    const { config, warnings } = load("");
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      log_level: "info",
      log_format: "standard",
      default_lease_ttl: 2_764_800_000,
      max_lease_ttl: 2_764_800_000,
      encryption_count_persist_timeout: 1000,
      ceremony_timeout: 3_600_000,
      storage: { type: "inmem" },
      telemetry: { prometheus_retention_time: 86_400_000, metrics_prefix: "vault" },
    });
    expect(config.api_addr).toBeUndefined();
    expect(config.origins.get("log_level")).toEqual({ from: "default" });
    expect(config.origins.has("api_addr")).toBe(false);
  });

  it("takes values as loosely as Vault", () => {
    const { config } = load(
      'log_level = "WARN" disable_sealwrap = "true" enable_multiseal = 1 max_lease_ttl = 4000000',
    );
    expect(config).toMatchObject({ log_level: "warn", disable_sealwrap: true, enable_multiseal: true });
    expect(config.max_lease_ttl).toBe(4_000_000_000);
  });

  it("knows where each value stands", () => {
    const { config } = load('pid_file = "x.pid"\n  telemetry { disable_hostname = true }');
    expect(config.origins.get("pid_file")).toEqual({ from: "file", file: "c.hcl", line: 2, column: 1 });
    expect(config.origins.get("telemetry.disable_hostname")).toMatchObject({ line: 3, column: 15 });
    expect(config.origins.get("telemetry.metrics_prefix")).toEqual({ from: "default" });
    expect(config.origins.get("storage.type")).toMatchObject({ line: 1, column: 9 });
  });

  it("treats an empty text as a key left out", () => {
    const { config } = load('api_addr = "" log_level = ""');
    expect(config.api_addr).toBeUndefined();
    expect(config.log_level).toBe("info");
  });

  it("warns of keys that Vault knows and that have no effect, with their place", () => {
    const { warnings } = load('disable_mlock = true\nplugin_directory = "/p"\nui = true');
    expect(warnings.map(({ at }) => at?.line)).toEqual([2, 3, 4]);
    expect(warnings[0]?.message).toMatch(/^disable_mlock is accepted and has no effect: memory is not locked/);
    expect(warnings[1]?.message).toMatch(/a plugin block names its module/);
    expect(warnings[2]?.message).toBe("ui: there is no web console yet");
  });

  it("does not warn of a console that nobody asked for", () => {
    expect(load("ui = false").warnings).toEqual([]);
  });

  it.each([
    ["an unknown key", "loglevel = 1", 'c.hcl:2:1: unknown key "loglevel": did you mean log_level?'],
    ["an unknown block", 'seals "static" {}', 'c.hcl:2:1: unknown key "seals": did you mean seal?'],
    ["a key of JavaScript's objects", "constructor = 1", 'c.hcl:2:1: unknown key "constructor": did you mean'],
    ["__proto__", "__proto__ = 1", 'c.hcl:2:1: unknown key "__proto__": did you mean'],
    [
      "a key given twice",
      'log_level = "info"\nlog_level = "info"',
      "c.hcl:3:1: log_level is given twice (first at 2:1)",
    ],
    [
      "an unknown level",
      'log_level = "loud"',
      'c.hcl:2:13: log_level: expected one of trace, debug, info, warn, error, off, found "loud"',
    ],
    [
      "a number for a word",
      "log_level = 1",
      "log_level: expected one of trace, debug, info, warn, error, off, found 1",
    ],
    ["a word for a boolean", 'ui = "yes"', 'c.hcl:2:6: ui: expected true or false, found "yes"'],
    ["2 for a boolean", "ui = 2", "ui: expected true or false, found 2"],
    ["a list for a text", 'pid_file = ["a"]', "c.hcl:2:12: pid_file: expected a text in quotes, found a list"],
    ["a block for a text", "pid_file { }", "c.hcl:2:10: pid_file: expected a text in quotes, found a block"],
    ["a boolean for a text", "pid_file = true", "pid_file: expected a text in quotes, found true"],
    ["a line break in a text", 'pid_file = "a\\nb"', "pid_file: expected a text without control characters"],
    [
      "a duration of parsecs",
      'max_lease_ttl = "5 parsecs"',
      "c.hcl:2:17: max_lease_ttl: expected a duration such as 90s",
    ],
    ["a negative duration", "max_lease_ttl = -5", "max_lease_ttl: expected a duration that is not negative"],
    ["leases out of order", 'max_lease_ttl = "1h"', "default_lease_ttl is longer than max_lease_ttl"],
    [
      "an address without a scheme",
      'api_addr = "127.0.0.1:8200"',
      "c.hcl:2:12: api_addr: expected a URL that begins with http",
    ],
    ["an address without a host", 'api_addr = "http://"', "api_addr: expected a URL"],
    ["two telemetry blocks", "telemetry {}\ntelemetry {}", "c.hcl:3:1: telemetry is given twice (first at 2:1)"],
    ["an unknown key of telemetry", "telemetry { disable_host = true }", "c.hcl:2:13: telemetry: unknown key"],
    [
      "a value for telemetry",
      "telemetry = true",
      "c.hcl:2:13: found true or false, expected a block such as telemetry { … }",
    ],
    ["a second storage", 'storage "file" { path = "x" }', "c.hcl:2:9: storage is given twice (first at 1:9)"],
  ])("refuses %s", (_what, content, message) => {
    expect(refusal(() => load(content))).toContain(message);
  });

  it("refuses an unreadable text with its place", () => {
    expect(refusal(() => load("a = ["))).toBe(
      "c.hcl:2:6: found the end of the text, expected a value: a text in quotes, a number, true, false, a list or an object",
    );
  });
});

describe("variables", () => {
  it("win over the file", () => {
    const { config } = load('log_level = "warn"', { VAULT_LOG_LEVEL: "debug" });
    expect(config.log_level).toBe("debug");
    expect(config.origins.get("log_level")).toEqual({ from: "variable", name: "VAULT_LOG_LEVEL" });
  });

  it("of OpenBao win over those of Vault", () => {
    const { config } = load("", { BAO_API_ADDR: "http://bao:8200", VAULT_API_ADDR: "http://vault:8200" });
    expect(config.api_addr).toBe("http://bao:8200");
    expect(config.origins.get("api_addr")).toEqual({ from: "variable", name: "BAO_API_ADDR" });
  });

  it("of OpenBao hide those of Vault even when they are empty, and the file counts", () => {
    const { config } = load('log_level = "warn"', { BAO_LOG_LEVEL: "", VAULT_LOG_LEVEL: "debug" });
    expect(config.log_level).toBe("warn");
  });

  it("are refused by name when their value is wrong", () => {
    expect(refusal(() => load("", { BAO_LOG_LEVEL: "loud" }))).toBe(
      'the variable BAO_LOG_LEVEL (log_level): expected one of trace, debug, info, warn, error, off, found "loud"',
    );
    expect(refusal(() => load("", { VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT: "8 s" }))).toContain("expected a duration");
  });

  it("give the time for saving the count", () => {
    const { config } = load("", { VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT: "8s" });
    expect(config.encryption_count_persist_timeout).toBe(8000);
  });
});

describe("storage", () => {
  const listener = 'listener "tcp" { tls_disable = true }\n';

  it.each([
    ['storage "lmdb" { path = "./data" }', { type: "lmdb", path: "./data" }],
    ['storage "FILE" { path = "/x" }', { type: "file", path: "/x" }],
    ['backend "file" { path = "/x" }', { type: "file", path: "/x" }],
    ['storage "inmem" {}', { type: "inmem" }],
    ['storage "memory" {}', { type: "inmem" }],
  ])("reads %s", (block, storage) => {
    expect(loadFrom({ "c.hcl": `${listener}${block}` }).config.storage).toMatchObject(storage);
  });

  it.each([
    ["none at all", "", 'there is no storage in c.hcl: add storage "lmdb" { path = "./data" }'],
    [
      "one of another product",
      'storage "raft" {}',
      'c.hcl:2:9: storage "raft" is not supported: use lmdb, file or inmem',
    ],
    [
      "one without a type",
      'storage { path = "x" }',
      'c.hcl:2:18: found a text, expected a block such as storage "…" { … }',
    ],
    ["a text", 'storage = "file"', 'expected a block such as storage "…" { … }'],
    ["a folder left out", 'storage "file" {}', 'c.hcl:2:9: storage "file" needs a path: path = "./data"'],
    ["an empty folder", 'storage "lmdb" { path = "" }', 'storage "lmdb" needs a path'],
    [
      "a mistyped key",
      'storage "lmdb" { pth = "x" }',
      'c.hcl:2:18: storage "lmdb": unknown key "pth": did you mean path?',
    ],
    ["two at once in JSON", 'storage = { file = { path = "x" }, inmem = {} }', "storage is given twice"],
  ])("refuses %s", (_what, block, message) => {
    expect(refusal(() => loadFrom({ "c.hcl": `${listener}${block}` }))).toContain(message);
  });
});

describe("several files", () => {
  it("replace keys, storage and telemetry, and add listeners and seals", () => {
    const { config } = loadFrom({
      "a.hcl": `${MINIMUM}log_level = "warn" pid_file = "a" telemetry { disable_hostname = true }`,
      "b.json": JSON.stringify({
        log_level: "debug",
        storage: { file: { path: "b" } },
        listener: { tcp: { address: "127.0.0.1:8202", tls_disable: true } },
        seal: { static: { current_key_id: "k" } },
        telemetry: { metrics_prefix: "x" },
      }),
    });
    expect(config).toMatchObject({ log_level: "debug", pid_file: "a", storage: { type: "file", path: "b" } });
    expect(config.listener.map(({ address }) => address.port)).toEqual([8200, 8202]);
    expect(config.seal.map(({ type }) => type)).toEqual(["static"]);
    expect(config.telemetry).toMatchObject({ disable_hostname: false, metrics_prefix: "x" });
    expect(config.origins.get("log_level")).toMatchObject({ file: "b.json" });
    expect(config.origins.get("listener.0.tls_disable")).toMatchObject({ file: "a.hcl" });
    expect(config.origins.get("listener.1.tls_disable")).toMatchObject({ file: "b.json" });
  });

  it("are named together when something is missing", () => {
    expect(refusal(() => loadFrom({ "a.hcl": "", "b.hcl": "" }))).toContain("there is no storage in a.hcl, b.hcl");
  });
});
