// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import { type Endpoint, onWrite, operation } from "../http/api.ts";
import { dataResponse, noContent } from "../http/respond.ts";

const NOTHING_TO_DO = "This server has no auto seal, so nothing is seal-wrapped and there is nothing to rewrap.";

/** `sys/sealwrap/rewrap`: puts the seal's layer of now around what has one, in the background. */
export function sealWrapEndpoints(store: SealedStore): Endpoint[] {
  const shown = (): object => {
    const { running, processed, succeeded, failed } = store.rewrap.status;
    // The wraps are ours, beside Vault's answer: they tell when the seal's key is to be rotated, and then rewrapped by.
    const wraps = store.sealWraps.map(({ type, keyId, wraps }) => ({ type, key_id: keyId, wraps }));
    return { entries: { failed, processed, succeeded }, is_running: running, seal_wraps: wraps };
  };
  const read = operation("How far the rewrap of seal-wrapped entries is", async () => dataResponse(shown()));
  const start = operation("Rewrap seal-wrapped entries by the seal's present key", async () => {
    if (!store.autoSealed) return dataResponse(shown(), { warnings: [NOTHING_TO_DO] });
    return (await store.rewrap.start()) === "started" ? noContent() : dataResponse(shown());
  });
  return [{ path: "sys/sealwrap/rewrap", access: "sudo", operations: { GET: read, ...onWrite(start) } }];
}
