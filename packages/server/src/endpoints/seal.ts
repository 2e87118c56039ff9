// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import { type Endpoint, onWrite, operation } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { noContent } from "../http/respond.ts";

/** `sys/seal`: needs `sudo` while there is something to seal, and nothing on a sealed server. */
export function sealEndpoints(store: SealedStore, gate: Gate): Endpoint[] {
  const seal = operation("Seal the server", async ({ request }) => {
    if (store.sealed) return noContent();
    await gate.authorize(request, "sudo");
    await store.seal();
    return noContent();
  });
  return [{ path: "sys/seal", access: "open", operations: onWrite(seal) }];
}
