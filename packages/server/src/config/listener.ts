// SPDX-License-Identifier: Apache-2.0
/** The `listener "tcp"` blocks. */
import { type Block, readBlocks } from "./blocks.ts";
import { ConfigError } from "./errors.ts";
import { collect, type Reading, readSection, type Section, type Settings, type ValuesOf } from "./section.ts";
import { flag, limit, listenAddress, oneOf, text, timeout, whole } from "./values.ts";

const TLS_VERSIONS = ["tls10", "tls11", "tls12", "tls13"] as const;
const GIGABYTE = 2 ** 30;

const settings = {
  address: { schema: listenAddress, default: "127.0.0.1:8200", doc: "Host and port; without a host, every interface." },
  tls_disable: { schema: flag, default: false, doc: "Plain HTTP." },
  tls_cert_file: { schema: text, doc: "The certificate and its chain in PEM. Required unless `tls_disable`." },
  tls_key_file: { schema: text, doc: "The certificate's private key in PEM. Required unless `tls_disable`." },
  tls_client_ca_file: { schema: text, doc: "The authorities of client certificates in PEM." },
  tls_min_version: { schema: oneOf(TLS_VERSIONS), default: "tls12", doc: `One of ${TLS_VERSIONS.join(", ")}.` },
  tls_max_version: { schema: oneOf(TLS_VERSIONS), default: "tls13", doc: `One of ${TLS_VERSIONS.join(", ")}.` },
  tls_require_and_verify_client_cert: { schema: flag, default: false, doc: "Only clients with a certificate." },
  tls_disable_client_certs: { schema: flag, default: false, doc: "Clients are not asked for a certificate." },
  max_request_size: { schema: whole(1, GIGABYTE), default: 33_554_432, doc: "Bytes of a request's body; above, 413." },
  max_request_duration: { schema: limit, doc: "Above, 408. Else `default_max_request_duration`." },
  max_request_json_memory: {
    schema: whole(1, GIGABYTE),
    default: 34_078_720,
    doc: "Bytes that a body's JSON may take in memory.",
  },
  max_request_json_strings: { schema: whole(1, 10_000_000), default: 1000, doc: "Texts that a body's JSON may hold." },
  require_request_header: { schema: flag, default: false, doc: "Only requests with `X-Vault-Request: true`." },
  http_read_header_timeout: { schema: timeout, default: "10s", doc: "For a request's headers." },
  http_read_timeout: { schema: timeout, default: "30s", doc: "For a whole request." },
  http_write_timeout: { schema: timeout, default: "0", doc: "For an answer; `0` is without end." },
  http_idle_timeout: { schema: timeout, default: "5m", doc: "For the next request of a connection." },
  disable_unauthed_rekey_endpoints: {
    schema: flag,
    default: false,
    doc: "`sys/rekey/*` and `sys/rekey-recovery-key/*` are not served. OpenBao's default is `true`.",
  },
  disable_unauthed_generate_root_endpoints: {
    schema: flag,
    default: false,
    doc: "`sys/generate-root/*` is not served. OpenBao's default is `true`.",
  },
} as const satisfies Settings;

const NO_PROXY = "clients are known by the connection's address";
const NO_CORS = "browsers of other origins are not served";
const NO_LIMIT = "use max_request_size, max_request_json_memory and max_request_json_strings";
const NO_AGENT = "this is neither an agent nor a proxy";
const NO_REDACTION = "nothing is left out of answers";

export const listener: Section<typeof settings> = {
  name: 'listener "tcp"',
  settings,
  blocks: ["telemetry"],
  ignored: {
    agent_api: NO_AGENT,
    chroot_namespace: "there are no namespaces",
    cluster_address: "this server works alone, without standbys or replication",
    cors_allowed_headers: NO_CORS,
    cors_allowed_origins: NO_CORS,
    cors_enabled: NO_CORS,
    custom_response_headers: "answers have the server's own headers only",
    disable_replication_status_endpoints: "there is no replication",
    disable_request_limiter: "requests are limited by size and duration only",
    inflight_requests_logging: "there is no such endpoint",
    max_json_array_element_count: NO_LIMIT,
    max_json_depth: NO_LIMIT,
    max_json_object_entry_count: NO_LIMIT,
    max_json_string_value_length: NO_LIMIT,
    max_json_token: NO_LIMIT,
    max_token_header_size: NO_LIMIT,
    profiling: "there is no such endpoint",
    proxy_api: NO_AGENT,
    proxy_protocol_authorized_addrs: NO_PROXY,
    proxy_protocol_behavior: NO_PROXY,
    purpose: "every listener serves the whole API",
    redact_addresses: NO_REDACTION,
    redact_cluster_name: NO_REDACTION,
    redact_version: NO_REDACTION,
    role: "every listener serves the whole API",
    tls_cipher_suites: "Node.js's own list is used, which has no weak ones",
    tls_prefer_server_cipher_suites: "Node.js's own list is used, which has no weak ones",
    x_forwarded_for_authorized_addrs: NO_PROXY,
    x_forwarded_for_client_cert_header: NO_PROXY,
    x_forwarded_for_client_cert_header_decoders: NO_PROXY,
    x_forwarded_for_hop_skips: NO_PROXY,
    x_forwarded_for_reject_not_authorized: NO_PROXY,
    x_forwarded_for_reject_not_present: NO_PROXY,
  },
};

const telemetrySettings = {
  unauthenticated_metrics_access: { schema: flag, default: false, doc: "`sys/metrics` without a token." },
} as const satisfies Settings;

/** `telemetry` in a listener. */
export const listenerTelemetry: Section<typeof telemetrySettings> = {
  name: 'listener "tcp": telemetry',
  settings: telemetrySettings,
  blocks: [],
  ignored: {},
};

/** One listener. Durations are in milliseconds, sizes in bytes. */
export interface ListenerConfig extends Omit<ValuesOf<typeof settings>, "max_request_duration"> {
  readonly type: "tcp";
  readonly max_request_duration: number;
  readonly telemetry: ValuesOf<typeof telemetrySettings>;
}

/** Reads the `listener` blocks; `fallback` is for those without `max_request_duration`. */
export function readListeners(
  blocks: readonly Block[],
  fallback: { readonly max_request_duration: number },
  reading: Reading,
): ListenerConfig[] {
  const listeners = blocks.map((block, index) => readListener(block, `listener.${index}`, fallback, reading));
  const taken = new Map<string, Block>();
  for (const [index, { address }] of listeners.entries()) {
    const block = blocks[index] as Block;
    const key = `${address.host}:${address.port}`;
    const other = taken.get(key);
    if (other !== undefined && address.port !== 0) {
      const { file, line, column } = other.at;
      throw new ConfigError(`two listeners have the address ${key} (the first at ${file}:${line}:${column})`, block.at);
    }
    taken.set(key, block);
  }
  return listeners;
}

function readListener(
  block: Block,
  path: string,
  fallback: { readonly max_request_duration: number },
  reading: Reading,
): ListenerConfig {
  const { file } = block.at;
  const type = block.labels[0]?.toLowerCase();
  if (type !== "tcp") {
    throw new ConfigError(`listener ${JSON.stringify(type)} is not supported: use listener "tcp"`, block.at);
  }
  const values = readSection(listener, collect(listener, block.body.entries, file, reading), path, reading);
  if (values.max_request_duration === undefined) {
    const origin = reading.origins.get("default_max_request_duration") ?? { from: "default" };
    reading.origins.set(`${path}.max_request_duration`, origin);
  }
  checkTls(values, block);
  const given = block.body.entries.filter(({ key }) => key === "telemetry").map((entry) => ({ file, entry }));
  const entries = readBlocks(given, 0).flatMap(({ body }) => body.entries);
  const collected = collect(listenerTelemetry, entries, file, reading);
  return {
    ...values,
    type,
    max_request_duration: values.max_request_duration ?? fallback.max_request_duration,
    telemetry: readSection(listenerTelemetry, collected, `${path}.telemetry`, reading),
  };
}

function checkTls(values: ValuesOf<typeof settings>, block: Block): void {
  const refuse = (problem: string): never => {
    throw new ConfigError(`${listener.name}: ${problem}`, block.at);
  };
  if (values.tls_disable) return;
  if (values.tls_cert_file === undefined || values.tls_key_file === undefined) {
    refuse("tls_cert_file and tls_key_file are needed, or tls_disable = true for plain HTTP");
  }
  if (values.tls_require_and_verify_client_cert && values.tls_disable_client_certs) {
    refuse("tls_require_and_verify_client_cert and tls_disable_client_certs exclude each other");
  }
  if (values.tls_require_and_verify_client_cert && values.tls_client_ca_file === undefined) {
    refuse(
      "tls_require_and_verify_client_cert needs tls_client_ca_file, the authorities that client certificates are of",
    );
  }
  if (TLS_VERSIONS.indexOf(values.tls_min_version) > TLS_VERSIONS.indexOf(values.tls_max_version)) {
    refuse("tls_min_version is above tls_max_version");
  }
}
