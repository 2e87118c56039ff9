// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import { type Endpoint, onWrite, operation } from "../http/api.ts";
import { mergedResponse, noContent } from "../http/respond.ts";

/** `sys/key-status` and `sys/rotate`: the active data key, and a new one by a token alone. */
export function rotateEndpoints(store: SealedStore): Endpoint[] {
  const status = operation("Term, age and encryption count of the active data key", async () => {
    const { term, installTime, encryptions } = store.barrier.keyStatus;
    return mergedResponse({ term, install_time: installTime, encryptions });
  });
  const rotate = operation("Make a new data key the active one", async () => {
    await store.rotate();
    return noContent();
  });
  return [
    { path: "sys/key-status", access: "guarded", operations: { GET: status } },
    { path: "sys/rotate", access: "sudo", operations: onWrite(rotate) },
    { path: "sys/rotate/keyring", access: "sudo", operations: onWrite(rotate) },
  ];
}
