// SPDX-License-Identifier: Apache-2.0

import { isDeepStrictEqual } from "node:util";
import { CoreError, Mutex, type SealedStore } from "@sealwright/core";
import type { SealConfig } from "../config/index.ts";
import type { Log } from "../runtime/log.ts";
import { attachable, type ConfiguredSeal, closeSeals, type OpenSealsDeps, openConfigured } from "./configured-seals.ts";
import { followHealth } from "./health/follow-health.ts";
import { HealthMonitor, type MonitoredSeal, type ProbeIntervals } from "./health/health-monitor.ts";

/** What the seals of a server need. */
export interface ServerSealsDeps extends OpenSealsDeps {
  readonly store: SealedStore;
  readonly serverLog: Log;
  readonly intervals: ProbeIntervals;
}

/** Names of the auto seals that a reload changed. */
export interface ReloadedSeals {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** People have no seal that could be opened or closed: without a block of another type they are what is configured. */
function isAuto({ seal, failure }: ConfiguredSeal): boolean {
  return seal !== undefined || failure !== undefined;
}

function namesOf(seals: readonly ConfiguredSeal[]): readonly string[] {
  return seals.filter(isAuto).map(({ block }) => block.name);
}

/** Whether two blocks configure the same, wherever they stand. */
function isSame(a: SealConfig, b: SealConfig): boolean {
  const bare = ({ at, positions, ...block }: SealConfig) => block;
  return isDeepStrictEqual(bare(a), bare(b));
}

/** The configured seals of a running server: attached to its store, looked after, and read anew at a reload. */
export class ServerSeals {
  readonly #deps: ServerSealsDeps;
  readonly #monitor: HealthMonitor;
  readonly #monitored = new Map<string, MonitoredSeal>();
  // A hangup and a request may come at once.
  readonly #mutex = new Mutex();
  #all: readonly ConfiguredSeal[];

  /** `seals` are attached to the store already. */
  constructor(seals: readonly ConfiguredSeal[], deps: ServerSealsDeps) {
    this.#deps = deps;
    this.#all = seals;
    this.#monitor = new HealthMonitor(deps.intervals);
    for (const seal of seals) this.#lookAfter(seal);
    deps.store.onUnsealed(() => this.#monitor.trySoon());
  }

  /** In the order of the configuration. */
  get all(): readonly ConfiguredSeal[] {
    return this.#all;
  }

  /** Those whose plugin could not be opened. */
  get failed(): readonly ConfiguredSeal[] {
    return this.#all.filter(({ failure }) => failure !== undefined);
  }

  /**
   * Makes `blocks` the configured seals: opens what is new or has changed, and closes what is gone. What is new is given
   * no key before it is added. Rejects where one cannot be opened, unless that is as it was, or one is gone that the
   * storage still has; nothing changes then.
   */
  reload(blocks: readonly SealConfig[]): Promise<ReloadedSeals> {
    return this.#mutex.run(() => this.#reload(blocks));
  }

  /** Ends looking after them. The store closes them. */
  stop(): void {
    this.#monitor.stop();
  }

  async #reload(blocks: readonly SealConfig[]): Promise<ReloadedSeals> {
    const before = new Map(this.#all.map((seal) => [seal.block.name, seal]));
    const names = new Set(blocks.map(({ name }) => name));
    const removed = this.#all.filter(({ block }) => !names.has(block.name));
    await this.#refuseInUse(removed);
    const same = (block: SealConfig): ConfiguredSeal | undefined => {
      const seal = before.get(block.name);
      return seal !== undefined && isSame(seal.block, block) ? seal : undefined;
    };
    const kept = (block: SealConfig): ConfiguredSeal | undefined => {
      const seal = same(block);
      return seal?.failure === undefined ? seal : undefined;
    };
    const opening = blocks.filter((block) => kept(block) === undefined);
    const opened = await this.#openAll(opening, (block) => same(block) !== undefined);
    this.#all = blocks.flatMap((block) => kept(block) ?? opened.filter((each) => each.block === block));
    for (const seal of opened) this.#replace(seal);
    for (const { block } of removed) await this.#drop(block.name);
    const [changed, added] = [true, false].map((known) => namesOf(opened).filter((name) => before.has(name) === known));
    const reloaded = { added: added ?? [], changed: changed ?? [], removed: namesOf(removed) };
    this.#tell(reloaded);
    return reloaded;
  }

  /** Opens them all; those that `mayFail` may stay as they were, unopened. */
  async #openAll(blocks: readonly SealConfig[], mayFail: (block: SealConfig) => boolean): Promise<ConfiguredSeal[]> {
    const settled = await Promise.allSettled(blocks.map((block) => openConfigured(block, this.#deps)));
    const opened = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const refused = settled.find((each) => each.status === "rejected");
    const failed = opened.find(({ block, failure }) => failure !== undefined && !mayFail(block));
    const failure = refused?.reason ?? failed?.failure;
    if (failure === undefined) return opened;
    await closeSeals(opened);
    throw failure;
  }

  async #refuseInUse(gone: readonly ConfiguredSeal[]): Promise<void> {
    const held = await this.#deps.store.seals.holdings();
    for (const { block } of gone) {
      const holding = held.find(({ name, kind }) => name === block.name && kind === "auto");
      if (holding === undefined || holding.state === "new") continue;
      throw new CoreError(
        "INVALID_REQUEST",
        `the seal "${block.name}" is gone from the configuration, and the storage still has it: give its block that ` +
          `name again, or remove it first with operator seal remove ${block.name}`,
      );
    }
  }

  #tell({ added, changed, removed }: ReloadedSeals): void {
    const { serverLog } = this.#deps;
    for (const name of added) {
      const next = `it holds nothing before operator seal add ${name}, or a migration to it`;
      serverLog.info(`the seal "${name}" is configured: ${next}`);
    }
    for (const name of changed) serverLog.info(`the seal "${name}" is opened anew, by its changed configuration`);
    for (const name of removed) serverLog.info(`the seal "${name}" is closed: it is not configured any more`);
  }

  #replace(seal: ConfiguredSeal): void {
    const attached = attachable(seal);
    const { name } = seal.block;
    this.#forget(name);
    if (attached !== undefined) this.#deps.store.seals.attach(attached);
    this.#lookAfter(seal);
  }

  async #drop(name: string): Promise<void> {
    this.#forget(name);
    await this.#deps.store.seals.detach(name);
  }

  #lookAfter(seal: ConfiguredSeal): void {
    if (seal.seal === undefined) return;
    const { store, serverLog } = this.#deps;
    const monitored = followHealth(seal, store, serverLog);
    this.#monitored.set(seal.block.name, monitored);
    this.#monitor.add(monitored);
  }

  #forget(name: string): void {
    const monitored = this.#monitored.get(name);
    if (monitored !== undefined) this.#monitor.remove(monitored);
    this.#monitored.delete(name);
  }
}
