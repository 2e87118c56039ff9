// SPDX-License-Identifier: Apache-2.0
import { type AuditConfig, readAudit } from "./audit.ts";
import { type Block, lastBlock, readBlocks } from "./blocks.ts";
import { ConfigError, type ConfigWarning, type SourcePosition } from "./errors.ts";
import { general, telemetry } from "./general.ts";
import type { HclObject } from "./hcl/index.ts";
import { type ListenerConfig, readListeners } from "./listener.ts";
import { type PluginConfig, readPlugins } from "./plugin.ts";
import { readSeals, type SealConfig } from "./seal.ts";
import { collect, type Origin, type Reading, readSection, type ValuesOf } from "./section.ts";
import { readStorage, type StorageConfig } from "./storage.ts";

/**
 * What a server runs with. Keys are named as in the files; durations are milliseconds. A value that is undefined was
 * given nowhere and has no default.
 */
export interface ServerConfig extends ValuesOf<typeof general.settings> {
  readonly storage: StorageConfig;
  /** At least one. */
  readonly listener: readonly ListenerConfig[];
  /** At least one that is enabled, in the order of the files. */
  readonly seal: readonly SealConfig[];
  /** The types of seals that the configuration brings along. */
  readonly plugin: readonly PluginConfig[];
  readonly telemetry: ValuesOf<typeof telemetry.settings>;
  /** Undefined where nothing is audited. */
  readonly audit: AuditConfig | undefined;
  /** Where each value came from, by dotted path: `log_level`, `listener.0.address`, `seal.0.kms_key_id`. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** A configuration file's tree. */
export interface ConfigDocument {
  /** What errors call it. */
  readonly file: string;
  readonly root: HclObject;
}

/** Reads the trees of configuration files, in their order, and the variables. Throws `ConfigError` and nothing else. */
export function readConfig(
  documents: readonly ConfigDocument[],
  env: NodeJS.ProcessEnv,
): { config: ServerConfig; warnings: ConfigWarning[] } {
  const reading: Reading = { env, origins: new Map(), warnings: [] };
  const values = readGeneral(documents, reading);
  const config: ServerConfig = {
    ...values,
    storage: readTheStorage(documents, reading),
    listener: readTheListeners(documents, values.default_max_request_duration, reading),
    seal: readSeals(blocksNamed(documents, ["seal", "kms"], 1), reading),
    plugin: readPlugins(blocksNamed(documents, ["plugin"], 1), reading),
    telemetry: readTelemetry(documents, reading),
    audit: readAudit(blocksNamed(documents, ["audit"], 1), reading),
    origins: reading.origins,
  };
  return { config, warnings: reading.warnings };
}

function blocksNamed(documents: readonly ConfigDocument[], keys: readonly string[], labelCount: number): Block[] {
  return documents.flatMap(({ file, root }) => {
    const entries = root.entries.filter(({ key }) => keys.includes(key));
    return readBlocks(
      entries.map((entry) => ({ file, entry })),
      labelCount,
    );
  });
}

/** Keys of later files replace those of earlier ones. */
function readGeneral(documents: readonly ConfigDocument[], reading: Reading): ValuesOf<typeof general.settings> {
  const collected = documents.flatMap(({ file, root }) => [...collect(general, root.entries, file, reading)]);
  const values = readSection(general, new Map(collected), "", reading);
  if (values.default_lease_ttl > values.max_lease_ttl) {
    throw new ConfigError("default_lease_ttl is longer than max_lease_ttl", filePosition("default_lease_ttl", reading));
  }
  if (values.ui) reading.warnings.push({ message: "ui: there is no web console yet", at: filePosition("ui", reading) });
  return values;
}

function filePosition(path: string, { origins }: Reading): SourcePosition | undefined {
  const origin = origins.get(path);
  return origin?.from === "file" ? { file: origin.file, line: origin.line, column: origin.column } : undefined;
}

function missing(what: string, documents: readonly ConfigDocument[], example: string): ConfigError {
  return new ConfigError(`there is no ${what} in ${documents.map(({ file }) => file).join(", ")}: add ${example}`);
}

function readTheStorage(documents: readonly ConfigDocument[], reading: Reading): StorageConfig {
  const block = lastBlock("storage", blocksNamed(documents, ["storage", "backend"], 1));
  if (block === undefined) throw missing("storage", documents, 'storage "lmdb" { path = "./data" }');
  return readStorage(block, reading);
}

function readTheListeners(
  documents: readonly ConfigDocument[],
  max_request_duration: number,
  reading: Reading,
): ListenerConfig[] {
  const blocks = blocksNamed(documents, ["listener"], 1);
  if (blocks.length === 0) throw missing("listener", documents, 'listener "tcp" { address = "127.0.0.1:8200" … }');
  return readListeners(blocks, { max_request_duration }, reading);
}

function readTelemetry(documents: readonly ConfigDocument[], reading: Reading): ValuesOf<typeof telemetry.settings> {
  const block = lastBlock("telemetry", blocksNamed(documents, ["telemetry"], 0));
  const collected = block === undefined ? new Map() : collect(telemetry, block.body.entries, block.at.file, reading);
  return readSection(telemetry, collected, "telemetry", reading);
}
