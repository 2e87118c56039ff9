// SPDX-License-Identifier: Apache-2.0
/** From the `seal` blocks of a configuration to the seals themselves, each opened, measured and watched by itself. */
import type { AttachedSeal } from "@sealwright/core";
import { isSealError, type Seal, type SealError } from "@sealwright/seal";
import type { SealConfig } from "../config/index.ts";
import type { Measurements } from "../metrics/measurements.ts";
import { timedSeal } from "../metrics/timed-seal.ts";
import { SealHealth } from "./health/seal-health.ts";
import { watchedSeal } from "./health/watched-seal.ts";
import { type OpenedSeal, openSeal, type SealHost } from "./open-seal.ts";

/** One `seal` block and what came of it. */
export interface ConfiguredSeal {
  readonly block: SealConfig;
  /** Key and value of each setting, secrets masked. */
  readonly settings: OpenedSeal["settings"];
  /** The opened seal; undefined where people unseal by shares, and where it could not be opened. */
  readonly seal: Seal | undefined;
  readonly weakness: string | undefined;
  readonly health: SealHealth;
  /** Why it could not be opened. */
  readonly failure: SealError | undefined;
}

/** What opening seals needs. */
export interface OpenSealsDeps extends SealHost {
  readonly measurements: Measurements;
}

/** A call that takes longer than this part of what it may take is slow. */
const SLOW = 0.5;

/** Opens the seal of `block`. A failure of the seal or its plugin is part of the answer; throws `ConfigError`. */
export async function openConfigured(block: SealConfig, deps: OpenSealsDeps): Promise<ConfiguredSeal> {
  const health = new SealHealth(block.call_deadline * SLOW);
  try {
    const { seal, settings, weakness } = await openSeal(block, deps);
    const named = { name: block.name, type: block.type };
    const watched = seal && timedSeal(watchedSeal(seal, health), deps.measurements, named);
    return { block, settings, seal: watched, weakness, health, failure: undefined };
  } catch (error) {
    if (!isSealError(error)) throw error;
    health.disproved(error);
    return { block, settings: [], seal: undefined, weakness: undefined, health, failure: error };
  }
}

/**
 * Opens all seals at once. One that cannot be opened does not keep the others from being used; where none can be, throws
 * what the first one failed with. Throws `ConfigError` and leaves nothing open, too.
 */
export async function openSeals(blocks: readonly SealConfig[], deps: OpenSealsDeps): Promise<ConfiguredSeal[]> {
  const opened = await Promise.allSettled(blocks.map((block) => openConfigured(block, deps)));
  const seals = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const refused = opened.find((each) => each.status === "rejected");
  const failure = seals.find((each) => each.failure !== undefined)?.failure;
  const usable = seals.some(({ block, failure }) => failure === undefined && !block.disabled);
  if (refused === undefined && (usable || failure === undefined)) return seals;
  await closeSeals(seals);
  throw refused?.reason ?? failure;
}

/** Closes them all. */
export async function closeSeals(seals: readonly ConfiguredSeal[]): Promise<void> {
  await Promise.all(seals.map(({ seal }) => seal?.close()));
}

/** As a store takes it; undefined where there is no auto seal. */
export function attachable({ block, seal, weakness }: ConfiguredSeal): AttachedSeal | undefined {
  const { name, priority, disabled } = block;
  const state = disabled ? "disabled" : "enabled";
  return seal && { name, priority, state, seal, ...(weakness === undefined ? {} : { weakness }) };
}
