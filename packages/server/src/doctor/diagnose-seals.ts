// SPDX-License-Identifier: Apache-2.0
/** A look at each configured seal, without a server and without the storage: what `seal doctor` prints. */
import {
  type AutoSealPlugin,
  type Check,
  type Diagnosis,
  isSealError,
  NOTHING_FOUND,
  type SealEnvironment,
} from "@sealwright/seal";
import { ConfigError, loadConfig, type SealConfig, withLastTry } from "../config/index.ts";
import { effectiveSettings } from "../seals/effective-settings.ts";
import { isIsolated, isolationOptions, openSeal, type SealHost } from "../seals/open-seal.ts";
import { isAuto, sealRegistry } from "../seals/registry.ts";
import { type RoundTripTimings, roundTrip } from "./round-trip.ts";

/** What `diagnoseSeals` needs. */
export interface DoctorOptions {
  readonly configPaths: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly log: SealEnvironment["log"];
  /** Log in even where one more wrong PIN locks a token. */
  readonly forceLastTry: boolean;
}

/** What is to be said of one seal. Nothing in it is secret. */
export interface SealReport extends Diagnosis {
  readonly name: string;
  readonly type: string;
  /** Absent where no round trip was made, or it failed. */
  readonly timings?: RoundTripTimings;
}

function ok(what: string): Check {
  return { status: "ok", what };
}

function failed(error: unknown): Check {
  if (error instanceof ConfigError) return { status: "failed", what: error.message };
  if (!isSealError(error)) throw error;
  return { status: "failed", what: error.message, advice: error.advice };
}

async function lookAt(plugin: AutoSealPlugin, block: SealConfig, host: SealHost): Promise<Diagnosis> {
  const { config } = effectiveSettings(block, plugin.config, host.env);
  if (!isIsolated(block, plugin)) return (await plugin.diagnose?.(config, { log: host.log })) ?? NOTHING_FOUND;
  const { diagnoseIsolated } = await import("@sealwright/isolation");
  return diagnoseIsolated(await isolationOptions(plugin, config, block, host));
}

async function tryRoundTrip(block: SealConfig, host: SealHost): Promise<RoundTripTimings | undefined> {
  const { seal } = await openSeal(block, host);
  try {
    return seal === undefined ? undefined : await roundTrip(seal);
  } finally {
    await seal?.close();
  }
}

async function examine(block: SealConfig, host: SealHost): Promise<SealReport> {
  let report: SealReport = { name: block.name, type: block.type, ...NOTHING_FOUND };
  const withCheck = (check: Check): SealReport => ({ ...report, checks: [...report.checks, check] });
  try {
    const plugin = await host.registry.load(block.type);
    if (!isAuto(plugin)) {
      effectiveSettings(block, {}, host.env);
      return withCheck(ok("people unseal with shares: there is no service or device to look at"));
    }
    report = { ...report, ...(await lookAt(plugin, block, host)) };
    if (!report.ready) return report;
    const timings = await tryRoundTrip(block, host);
    if (timings !== undefined) report = { ...report, timings };
    return withCheck(ok("texts were wrapped and unwrapped"));
  } catch (error) {
    return withCheck(failed(error));
  }
}

/** Reports on every configured seal, one after the other. Throws `ConfigError` for a configuration that is none. */
export async function diagnoseSeals(options: DoctorOptions): Promise<SealReport[]> {
  const { env, log, forceLastTry } = options;
  const { config } = loadConfig(options.configPaths, env);
  const host = { registry: sealRegistry(config.plugin), env, log };
  const reports: SealReport[] = [];
  for (const block of forceLastTry ? withLastTry(config.seal) : config.seal) reports.push(await examine(block, host));
  return reports;
}
