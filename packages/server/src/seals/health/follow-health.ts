// SPDX-License-Identifier: Apache-2.0
import { CoreError, type SealedStore, type SealProof } from "@sealwright/core";
import type { KeyInfo } from "@sealwright/seal";
import type { Log } from "../../runtime/log.ts";
import { startupSentence } from "../../runtime/startup-error.ts";
import type { ConfiguredSeal } from "../configured-seals.ts";
import type { MonitoredSeal } from "./health-monitor.ts";
import type { HealthReport } from "./seal-health.ts";

/** What following a seal's health needs of the store. */
export type FollowedStore = Pick<SealedStore, "sealed"> & {
  readonly rewrap: Pick<SealedStore["rewrap"], "start">;
  readonly seals: Pick<
    SealedStore["seals"],
    "attached" | "prove" | "markDown" | "deliverOutstanding" | "rewrapRootKey"
  >;
};

function nameOf({ keyId, mechanism }: KeyInfo): string {
  return mechanism === undefined ? JSON.stringify(keyId) : `${JSON.stringify(keyId)} (mechanism ${mechanism})`;
}

/** What to say of a seal that would wrap otherwise than it did, if it would. */
function changed(name: string, { stored, present }: SealProof): string | undefined {
  if (stored === undefined || present === undefined || nameOf(stored) === nameOf(present)) return undefined;
  return (
    `the root key is wrapped by ${nameOf(stored)} of the seal "${name}", which now wraps by ${nameOf(present)}: it is ` +
    "wrapped anew. Unless that key was replaced on purpose, correct the seal's configuration"
  );
}

/**
 * Tells log and store how the seal is doing: one that is away or refuses is not waited for, and is given what it missed
 * when it is back. Answers how to have it tried.
 */
export function followHealth({ block, health }: ConfiguredSeal, store: FollowedStore, log: Log): MonitoredSeal {
  const { name, type } = block;
  const called = `the ${type} seal "${name}"`;
  let warned: string | undefined;
  let wasDown: Date | undefined;

  const rewrap = async (): Promise<void> => {
    try {
      await store.seals.rewrapRootKey(name);
      // What is seal-wrapped is under the old key as well.
      await store.rewrap.start();
    } catch (error) {
      // The seal has just proved itself: what failed is told, and tried again with the next proof.
      if (!store.sealed) log.warn(`the root key was not wrapped anew by ${called}: ${startupSentence(error) ?? error}`);
    }
  };

  const prove = async (): Promise<void> => {
    const proof = await store.seals.prove(name).catch((error: unknown) => {
      if (error instanceof CoreError && error.code === "SEALED") return undefined;
      throw error;
    });
    const warning = proof && changed(name, proof);
    if (warning !== undefined && warning !== warned) log.warn(warning);
    warned = warning;
    if (warning !== undefined && !store.sealed) await rewrap();
  };

  const recover = async (): Promise<void> => {
    await prove();
    await store.seals.deliverOutstanding();
  };

  health.onChange(({ state, healthy, reason = "", code, since }: HealthReport) => {
    // Of the only seal of a sealed server the attempts to unseal tell it.
    const tell = !store.sealed || store.seals.attached.length > 1;
    if (!healthy) {
      store.seals.markDown(name, health.error);
      if (tell) log.warn(`${called} is ${state}: ${reason}`, { code });
      wasDown ??= since;
      return;
    }
    if (state === "degraded" && tell) log.warn(`${called} is degraded: ${reason}`, { code });
    if (wasDown === undefined) return;
    if (tell) log.info(`${called} answers again`, { away_since: wasDown.toISOString() });
    wasDown = undefined;
    recover().catch(() => undefined);
  });
  return { name, health, prove };
}
