// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { loadFrom, refusal } from "./load-from.ts";

const read = (...blocks: string[]) => loadFrom({ "c.hcl": `storage "inmem" {}\n${blocks.join("\n")}` }).config;

describe("a listener", () => {
  it("has the defaults of Vault, and serves what OpenBao's default does not", () => {
    const { listener, origins } = read('listener "tcp" { tls_disable = "true" }');
    expect(listener).toMatchObject([
      {
        type: "tcp",
        address: { host: "127.0.0.1", port: 8200 },
        tls_disable: true,
        tls_min_version: "tls12",
        max_request_size: 33_554_432,
        max_request_duration: 90_000,
        http_read_header_timeout: 10_000,
        disable_unauthed_rekey_endpoints: false,
        disable_unauthed_generate_root_endpoints: false,
        telemetry: { unauthenticated_metrics_access: false },
      },
    ]);
    expect(origins.get("listener.0.max_request_duration")).toEqual({ from: "default" });
  });

  it.each([
    ["0.0.0.0:80", { host: "0.0.0.0", port: 80 }],
    [":8200", { host: "", port: 8200 }],
    ["[::1]:8200", { host: "::1", port: 8200 }],
    ["localhost:0", { host: "localhost", port: 0 }],
  ])("listens on %s", (address, expected) => {
    expect(read(`listener "tcp" { address = "${address}" tls_disable = true }`).listener[0]?.address).toEqual(expected);
  });

  it("takes its request duration from the general one", () => {
    const { listener, origins } = read('default_max_request_duration = "5s" listener "TCP" { tls_disable = 1 }');
    expect(listener[0]?.max_request_duration).toBe(5000);
    expect(origins.get("listener.0.max_request_duration")).toMatchObject({ from: "file", line: 2, column: 1 });
  });

  it("reads TLS and its telemetry block", () => {
    const { listener, origins } = read(
      'listener "tcp" {',
      '  tls_cert_file = "c.pem" tls_key_file = "k.pem" tls_client_ca_file = "ca.pem" tls_min_version = "tls13"',
      "  tls_require_and_verify_client_cert = true",
      "  telemetry { unauthenticated_metrics_access = true }",
      "}",
    );
    expect(listener).toMatchObject([
      { tls_cert_file: "c.pem", tls_min_version: "tls13", telemetry: { unauthenticated_metrics_access: true } },
    ]);
    expect(origins.get("listener.0.telemetry.unauthenticated_metrics_access")).toMatchObject({ line: 5, column: 15 });
  });

  it("may be one of several, two of them on any free port", () => {
    const free = 'listener "tcp" { address = "127.0.0.1:0" tls_disable = true }';
    expect(read(free, free).listener).toHaveLength(2);
  });

  it("warns of keys without effect", () => {
    const { warnings } = loadFrom({
      "c.hcl": 'storage "inmem" {}\nlistener "tcp" {\n tls_disable = true\n custom_response_headers { "200" = {} }\n}',
    });
    expect(warnings).toMatchObject([{ at: { file: "c.hcl", line: 4, column: 2 } }]);
    expect(warnings[0]?.message).toMatch(/^listener "tcp": custom_response_headers is accepted and has no effect/);
  });

  it.each([
    ["none at all", "", 'there is no listener in c.hcl: add listener "tcp"'],
    ["a unix socket", 'listener "unix" {}', 'c.hcl:2:10: listener "unix" is not supported: use listener "tcp"'],
    ["no type", 'listener { address = "x" }', 'c.hcl:2:22: found a text, expected a block such as listener "…" { … }'],
    [
      "a mistyped key",
      'listener "tcp" { addres = "x" }',
      'c.hcl:2:18: listener "tcp": unknown key "addres": did you mean address?',
    ],
    [
      "a key given twice",
      'listener "tcp" { tls_disable = 1\n tls_disable = 0 }',
      'c.hcl:3:2: listener "tcp": tls_disable is given twice (first at 2:18)',
    ],
    [
      "an address without a port",
      'listener "tcp" { address = "localhost" }',
      'c.hcl:2:28: listener "tcp": address: expected an address with a port',
    ],
    ["a bare IPv6 address", 'listener "tcp" { address = "::1:8200" }', "expected an address with a port"],
    ["a URL for an address", 'listener "tcp" { address = "http://x:1" }', "expected an address with a port"],
    [
      "a template for an address",
      'listener "tcp" { address = "{{ GetPrivateIP }}:1" }',
      "expected an address with a port",
    ],
    ["a port beyond 65535", 'listener "tcp" { address = "x:65536" }', "expected a port from 0 to 65535"],
    [
      "TLS without a certificate",
      'listener "tcp" {}',
      'c.hcl:2:10: listener "tcp": tls_cert_file and tls_key_file are needed, or tls_disable',
    ],
    ["TLS without a key", 'listener "tcp" { tls_cert_file = "c" }', "tls_cert_file and tls_key_file are needed"],
    [
      "an unknown TLS version",
      'listener "tcp" { tls_min_version = "ssl3" }',
      "tls_min_version: expected one of tls10, tls11, tls12, tls13",
    ],
    [
      "TLS versions out of order",
      'listener "tcp" { tls_cert_file = "c" tls_key_file = "k" tls_min_version = "tls13" tls_max_version = "tls12" }',
      "tls_min_version is above tls_max_version",
    ],
    [
      "client certificates both wanted and not",
      'listener "tcp" { tls_cert_file = "c" tls_key_file = "k" tls_require_and_verify_client_cert = 1 tls_disable_client_certs = 1 }',
      "exclude each other",
    ],
    [
      "client certificates required of no authority",
      'listener "tcp" { tls_cert_file = "c" tls_key_file = "k" tls_require_and_verify_client_cert = 1 }',
      "tls_require_and_verify_client_cert needs tls_client_ca_file",
    ],
    [
      "a size of nothing",
      'listener "tcp" { max_request_size = 0 }',
      "max_request_size: expected a whole number from 1 to 1073741824, found 0",
    ],
    [
      "a size with a unit",
      'listener "tcp" { max_request_size = "32MiB" }',
      "max_request_size: expected a whole number",
    ],
    ["a broken size", 'listener "tcp" { max_request_size = 1.5 }', "max_request_size: expected a whole number"],
    [
      "a size beyond 2^53",
      'listener "tcp" { max_request_size = 9007199254740993 }',
      "max_request_size: expected a whole number",
    ],
    [
      "two on one address",
      'listener "tcp" { tls_disable = 1 }\nlistener "tcp" { tls_disable = 1 }',
      "c.hcl:3:10: two listeners have the address 127.0.0.1:8200 (the first at c.hcl:2:10)",
    ],
    [
      "a value for its telemetry",
      'listener "tcp" { tls_disable = 1 telemetry = 1 }',
      "found a number, expected a block such as telemetry { … }",
    ],
    [
      "an unknown key in its telemetry",
      'listener "tcp" { tls_disable = 1 telemetry { metrics = 1 } }',
      'telemetry: unknown key "metrics": did you mean unauthenticated_metrics_access?',
    ],
  ])("is refused with %s", (_what, block, message) => {
    expect(refusal(() => read(block))).toContain(message);
  });
});
