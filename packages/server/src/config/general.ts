// SPDX-License-Identifier: Apache-2.0
/** The top level of a configuration, and its `telemetry` block. */
import type { Section, Settings } from "./section.ts";
import { duration, flag, limit, oneOf, text, url } from "./values.ts";

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "off"] as const;
/** A level of `log_level`. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const ALONE = "this server works alone, without standbys or replication";
const NO_SEARCH = "a plugin block names its module: none is searched for or downloaded";
const ONE_AUDIT_FILE = "the audit block declares the only audit file, and its format is fixed";
const NO_CACHE = "nothing is cached above the storage";
const NO_ENDPOINT = "there is no such endpoint";
const LOGS_TO_STDERR = "the log goes to standard error";
const NOT_NEEDED = "there is nothing here that it could change";

const settings = {
  api_addr: {
    schema: url,
    doc: "The address that clients are told to use; else made from the first listener.",
    variable: "API_ADDR",
  },
  cluster_addr: { schema: url, doc: "Shown in `sys/leader`.", variable: "CLUSTER_ADDR" },
  cluster_name: { schema: text, doc: "Shown in `sys/health` and `sys/seal-status`.", variable: "CLUSTER_NAME" },
  log_level: {
    schema: oneOf(LOG_LEVELS),
    default: "info",
    doc: `The least that is logged: ${LOG_LEVELS.join(", ")}.`,
    variable: "LOG_LEVEL",
  },
  log_format: {
    schema: oneOf(["standard", "json"]),
    default: "standard",
    doc: "`standard` lines for people, or `json`.",
    variable: "LOG_FORMAT",
  },
  ui: { schema: flag, default: false, doc: "There is no web console yet: `true` gives a warning.", variable: "UI" },
  disable_sealwrap: {
    schema: flag,
    default: false,
    doc: "`true`: an auto seal puts no second layer around the keyring, and takes off the one that is there. Unless set, an auto seal puts one, which OpenBao doesn't read: see `operations/seal-wrap.md`.",
  },
  default_lease_ttl: { schema: duration, default: "768h", doc: "How long a token lives unless it says otherwise." },
  max_lease_ttl: { schema: duration, default: "768h", doc: "How long a token may live at most." },
  default_max_request_duration: {
    schema: limit,
    default: "90s",
    doc: "For listeners without `max_request_duration`.",
  },
  encryption_count_persist_timeout: {
    schema: limit,
    default: "1s",
    doc: "How long the save of the encryption count may take.",
    variable: "ENCRYPTION_COUNT_PERSIST_TIMEOUT",
  },
  encryption_count_persist_interval: {
    schema: limit,
    default: "5m",
    doc: "How often the encryption count is saved if it moved, and whether the data key is due is looked at.",
  },
  ceremony_timeout: {
    schema: limit,
    default: "1h",
    doc: "A rekey or root generation in which nothing is submitted for so long ends.",
  },
  enable_multiseal: { schema: flag, default: false, doc: "Accepted: several seals may be enabled without it." },
  seal_probe_interval: {
    schema: limit,
    default: "10m",
    doc: "How often a seal that is not in use is tried by wrapping and unwrapping random bytes.",
  },
  seal_probe_unhealthy_interval: {
    schema: limit,
    default: "1m",
    doc: "How often a seal is tried that did not answer, or refused.",
  },
  recovery_keys_unseal: {
    schema: flag,
    default: false,
    doc: "The recovery keys shall open the storage when the seal is gone.",
  },
  pid_file: { schema: text, doc: "Where the process id is written." },
} as const satisfies Settings;

/** The keys outside blocks. */
export const general: Section<typeof settings> = {
  name: "",
  settings,
  blocks: ["storage", "backend", "listener", "seal", "kms", "telemetry", "audit", "plugin"],
  ignored: {
    administrative_namespace_path: "there are no namespaces",
    adaptive_overload_protection: "requests are limited by size and duration only",
    allow_audit_log_prefixing: ONE_AUDIT_FILE,
    cache_size: NO_CACHE,
    cloud: "there is no cloud service behind this server",
    cluster_cipher_suites: ALONE,
    detect_deadlocks: NOT_NEEDED,
    disable_cache: NO_CACHE,
    disable_clustering: ALONE,
    disable_indexing: NOT_NEEDED,
    disable_mlock: "memory is not locked: turn swap off, or encrypt it",
    disable_performance_standby: ALONE,
    disable_printable_check: "control characters in paths are always refused",
    disable_sentinel_trace: "there are no Sentinel policies",
    disable_standby_reads: ALONE,
    enable_post_unseal_trace: NOT_NEEDED,
    enable_response_header_hostname: "answers don't name the host",
    enable_response_header_raft_node_id: ALONE,
    entropy: "random bytes come from the operating system",
    experiments: NOT_NEEDED,
    ha_backend: ALONE,
    ha_storage: ALONE,
    imprecise_lease_role_tracking: NOT_NEEDED,
    initialize: "use sealwright operator init",
    introspection_endpoint: NO_ENDPOINT,
    kms_library: "there are no managed keys: a seal names its library itself",
    license_path: "there is no licence key",
    log_file: LOGS_TO_STDERR,
    log_requests_level: "requests are not logged",
    log_rotate_bytes: LOGS_TO_STDERR,
    log_rotate_duration: LOGS_TO_STDERR,
    log_rotate_max_files: LOGS_TO_STDERR,
    plugin_auto_download: NO_SEARCH,
    plugin_auto_register: NO_SEARCH,
    plugin_directory: NO_SEARCH,
    plugin_download_behavior: NO_SEARCH,
    plugin_file_permissions: NO_SEARCH,
    plugin_file_uid: NO_SEARCH,
    plugin_oci_auth: NO_SEARCH,
    plugin_tmpdir: NO_SEARCH,
    plugins: NO_SEARCH,
    post_unseal_trace_directory: NOT_NEEDED,
    raw_storage_endpoint: `${NO_ENDPOINT}: use sealwright storage get on a stopped server`,
    remove_irrevocable_lease_after: NOT_NEEDED,
    replication: ALONE,
    reporting: "nothing is reported to anybody",
    request_limiter: "requests are limited by size and duration only",
    sentinel: "there are no Sentinel policies",
    service_registration: ALONE,
    unsafe_allow_api_audit_creation: ONE_AUDIT_FILE,
    unsafe_cross_namespace_identity: "there are no namespaces",
    user_lockout: "there are no users with passwords",
  },
};

const OTHER_SINK = "metrics are served for Prometheus only";
const FIXED_GAUGES = "gauges are computed when they are read";

const telemetrySettings = {
  prometheus_retention_time: {
    schema: duration,
    default: "24h",
    doc: "How long a metric that isn't touched stays; `0` turns the Prometheus format off.",
  },
  disable_hostname: { schema: flag, default: false, doc: "Accepted: names never hold the host's name." },
  metrics_prefix: { schema: text, default: "vault", doc: "What the names of metrics begin with." },
} as const satisfies Settings;

/** The `telemetry` block. */
export const telemetry: Section<typeof telemetrySettings> = {
  name: "telemetry",
  settings: telemetrySettings,
  blocks: [],
  ignored: {
    add_lease_metrics_namespace_labels: "there are no namespaces",
    add_mount_point_rollback_metrics: FIXED_GAUGES,
    circonus_api_app: OTHER_SINK,
    circonus_api_token: OTHER_SINK,
    circonus_api_url: OTHER_SINK,
    circonus_broker_id: OTHER_SINK,
    circonus_broker_select_tag: OTHER_SINK,
    circonus_check_display_name: OTHER_SINK,
    circonus_check_force_metric_activation: OTHER_SINK,
    circonus_check_id: OTHER_SINK,
    circonus_check_instance_id: OTHER_SINK,
    circonus_check_search_tag: OTHER_SINK,
    circonus_check_tags: OTHER_SINK,
    circonus_submission_interval: OTHER_SINK,
    circonus_submission_url: OTHER_SINK,
    dogstatsd_addr: OTHER_SINK,
    dogstatsd_tags: OTHER_SINK,
    enable_hostname_label: OTHER_SINK,
    filter_default: "all metrics are served",
    lease_metrics_epsilon: FIXED_GAUGES,
    maximum_gauge_cardinality: FIXED_GAUGES,
    num_lease_metrics_buckets: FIXED_GAUGES,
    opentelemetry_disable: OTHER_SINK,
    prefix_filter: "all metrics are served",
    rollback_metrics_include_mount_point: FIXED_GAUGES,
    stackdriver_debug_logs: OTHER_SINK,
    stackdriver_location: OTHER_SINK,
    stackdriver_namespace: OTHER_SINK,
    stackdriver_project_id: OTHER_SINK,
    statsd_address: OTHER_SINK,
    statsite_address: OTHER_SINK,
    usage_gauge_period: FIXED_GAUGES,
  },
};
