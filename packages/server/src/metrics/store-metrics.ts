// SPDX-License-Identifier: Apache-2.0
import {
  type CountSave,
  type EncryptionPurpose,
  explainUnsealFailure,
  type RewrappedEntry,
  type RewrapStatus,
  type RotationReason,
  type SealedStore,
  type StoreObserver,
  type WrapCount,
} from "@sealwright/core";
import type { Log } from "../runtime/log.ts";
import type { Counter, Measurements, Sample } from "./measurements.ts";
import type { Prometheus } from "./prometheus.ts";

/** What the metrics of a store need. */
export interface StoreMetricsDeps {
  readonly measurements: Measurements;
  readonly prometheus: Prometheus;
  readonly log: Log;
  /** The type of the seal that the keyring may be wrapped by. */
  readonly sealType: string;
  /** The variable that raises the time for a save of the count. */
  readonly timeoutVariable: string;
}

/** Measures a store, and tells the log what an operator has to know. */
export class StoreMetrics implements StoreObserver {
  readonly #deps: StoreMetricsDeps;
  readonly #put: Sample;
  readonly #delete: Sample;
  readonly #get: Sample;
  readonly #list: Sample;
  readonly #encryptions: Readonly<Record<EncryptionPurpose, Counter>>;
  readonly #rotations: Counter;

  constructor(deps: StoreMetricsDeps) {
    this.#deps = deps;
    const { measurements } = deps;
    const barrier = (what: string) =>
      measurements.sample(`barrier.${what}`, `Milliseconds of each ${what} through the barrier.`);
    this.#put = barrier("put");
    this.#delete = barrier("delete");
    this.#get = barrier("get");
    this.#list = barrier("list");
    const encryptions = (purpose: EncryptionPurpose) =>
      measurements.counter("sealwright.encryptions_total", "Encryptions under the data key since the start.", {
        purpose,
      });
    this.#encryptions = {
      put: encryptions("put"),
      token: encryptions("token"),
      keyring: encryptions("keyring"),
      ceiling: encryptions("ceiling"),
    };
    this.#rotations = measurements.counter("barrier.auto_rotation", "Data keys replaced without being asked.");
    for (const reason of ["timeout", "failed", "superseded"] as const) this.#failures(reason);
  }

  wrote(puts: number, deletes: number, milliseconds: number): void {
    this.#put.add(milliseconds, puts);
    this.#delete.add(milliseconds, deletes);
  }

  read(milliseconds: number): void {
    this.#get.add(milliseconds);
  }

  listed(milliseconds: number): void {
    this.#list.add(milliseconds);
  }

  encrypted(purpose: EncryptionPurpose, encryptions: number): void {
    this.#encryptions[purpose].add(encryptions);
  }

  rewrapEnded({ succeeded, failed }: RewrapStatus): void {
    this.#deps.log.info("rewrapped the entries that the seal's layer is for", { succeeded, failed });
  }

  rewrapFailed(path: string | undefined, error: unknown): void {
    const { reason } = explainUnsealFailure(error);
    const what = path ?? "what is seal-wrapped";
    this.#deps.log.warn(`${what} was not rewrapped, stays readable as it is, and is tried again: ${reason}`);
  }

  sealKeyUsedUp({ type, keyId, wraps }: WrapCount): void {
    this.#deps.log.warn(
      `the ${type} seal's key ${JSON.stringify(keyId)} has wrapped ${wraps} times, half of what random nonces allow ` +
        "one key: rotate it at its service or device, then rewrap (docs/operations/seal-wrap.md)",
    );
  }

  sealDoubted(name: string, error: unknown): void {
    const { reason } = explainUnsealFailure(error);
    this.#deps.log.warn(
      `the seal ${name} does not open the storage, which another did; it proves itself first: ${reason}`,
    );
  }

  outstandingDelivered(name: string, path: string): void {
    this.#deps.log.info("a seal was given what it had missed", { seal: name, path });
  }

  rootKeyRewrapped({ seal, path, from, to }: RewrappedEntry): void {
    const help = "Root keys and recovery keys that were moved to a newer key of their seal.";
    this.#deps.measurements.counter("sealwright.root_key_rewraps_total", help, { seal }).add();
    this.#deps.log.info(`${path} is under a newer key of its seal now`, { seal, from, to });
  }

  countSaveEnded(save: CountSave): void {
    const { prometheus, log } = this.#deps;
    prometheus.observeSave(save.milliseconds / 1000);
    if (save.outcome === "saved") return;
    this.#failures(save.outcome).add();
    if (save.outcome === "timeout") this.#tellTimeout(save);
    if (save.outcome === "failed") {
      const { reason } = explainUnsealFailure(save.error);
      log.warn(`the encryption count was not saved: ${reason}. ${consequence(save)}`);
    }
  }

  rotated(reason: RotationReason, term: number): void {
    this.#rotations.add();
    this.#deps.log.info("the data key was replaced", { reason, term });
  }

  rotationFailed(reason: RotationReason, error: unknown): void {
    const { reason: why } = explainUnsealFailure(error);
    this.#deps.log.error(`the data key is due to be replaced and was not: ${why}`, { reason });
  }

  #failures(reason: "timeout" | "failed" | "superseded"): Counter {
    const help = "Saves of the encryption count that wrote nothing.";
    return this.#deps.measurements.counter("sealwright.encryption_count_persist_failures_total", help, { reason });
  }

  #tellTimeout(save: CountSave): void {
    const { log, sealType, timeoutVariable } = this.#deps;
    log.warn(
      `the encryption count was not saved: the ${sealType} seal did not wrap the keyring within ` +
        `${save.timeoutMilliseconds} ms. If it needs longer, raise ${timeoutVariable}. ${consequence(save)}`,
      {
        seal: sealType,
        took_ms: Math.round(save.milliseconds),
        timeout_ms: save.timeoutMilliseconds,
        variable: timeoutVariable,
        encryptions: save.encryptions,
      },
    );
  }
}

function consequence({ occasion }: CountSave): string {
  return occasion === "sealing"
    ? "The next start counts from a ceiling above it instead, up to one block too high"
    : "Requests did not wait, and the next save includes this one";
}

/** The gauges that are read off the store. */
export function addStoreGauges(measurements: Measurements, store: SealedStore): void {
  measurements.gauge("core.unsealed", "Whether the server is unsealed.", () => [
    { labels: {}, value: store.sealed ? 0 : 1 },
  ]);
  measurements.gauge(
    "sealwright.seal_wraps",
    "Wraps by the seal, by its key, those of earlier processes included.",
    () => store.sealWraps.map(({ type, keyId, wraps }) => ({ labels: { type, key_id: keyId }, value: wraps })),
  );
  measurements.gauge("barrier.estimated_encryptions", "Encryptions under the active data key, by its term.", () => {
    if (store.sealed) return [];
    const { term, encryptions } = store.barrier.keyStatus;
    return [{ labels: { term: String(term) }, value: Number(encryptions) }];
  });
}
