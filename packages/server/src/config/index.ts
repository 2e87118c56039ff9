// SPDX-License-Identifier: Apache-2.0
/** The server's configuration: Vault's files and variables, checked and with the origin of every value. */
export type { AuditConfig } from "./audit.ts";
export { DURATION, parseDuration } from "./duration.ts";
export { ConfigError, type ConfigWarning, placed, type SourcePosition } from "./errors.ts";
export type { LogLevel } from "./general.ts";
export type { ListenerConfig } from "./listener.ts";
export { loadConfig, parseDocument } from "./load.ts";
export type { PluginConfig } from "./plugin.ts";
export { SEAL_KEYS, type SealConfig, withLastTry } from "./seal.ts";
export { type Origin, readVariable } from "./section.ts";
export { type ConfigDocument, readConfig, type ServerConfig } from "./server-config.ts";
export type { StorageConfig } from "./storage.ts";
export type { ListenAddress } from "./values.ts";
