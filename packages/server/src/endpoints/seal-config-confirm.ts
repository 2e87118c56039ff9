// SPDX-License-Identifier: Apache-2.0
/** `sys/seal-config/confirm/*`: the present quorum says which seal configuration holds after somebody altered one. */
import { type SealedStore, sealConfigConfirmation } from "@sealwright/core";
import * as z from "zod";
import type { Ceremonies } from "../ceremonies/ceremonies.ts";
import { type Endpoint, onWrite, operationWith } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { plain } from "../http/respond.ts";
import type { Log } from "../runtime/log.ts";
import { checkOpen, quorumOperations } from "./quorum-operations.ts";

const start = z.object({
  keep: z.enum(["stored", "written"], {
    error: "expected stored, for what stands in the storage now, or written, for what this server wrote last",
  }),
});

/** What confirming a seal configuration needs. */
export interface ConfirmDeps {
  readonly store: SealedStore;
  readonly ceremonies: Ceremonies;
  readonly gate: Gate;
  readonly log: Log;
}

/** `sys/seal-config/confirm/…`: the quorum says which seal configuration holds after somebody altered one. */
export function sealConfigConfirmEndpoints({ store, ceremonies, gate, log }: ConfirmDeps): Endpoint[] {
  const attempt = ceremonies.sealConfigConfirmation;
  const { read, cancel, update, state } = quorumOperations({
    name: "confirmation",
    store,
    gate,
    attempt,
    show: ({ keep }) => ({ keep }),
    context: async () => ({ altered: (await store.status()).sealConfigsAltered }),
    complete: (keep) => {
      log.warn("the seal configuration was confirmed by a quorum", { keep });
      return { keep };
    },
  });
  const begin = operationWith("Start a confirmation", start, async ({ request, fields: { keep } }) => {
    checkOpen(store);
    const status = await attempt.start({ startedBy: request.remoteAddress, keep }, sealConfigConfirmation(keep));
    log.info("confirmation of the seal configuration started", { keep, started_by: request.remoteAddress });
    return plain(state(status));
  });
  const path = "sys/seal-config/confirm";
  return [
    { path: `${path}/attempt`, access: "open", operations: { GET: read, DELETE: cancel, ...onWrite(begin) } },
    { path: `${path}/update`, access: "open", operations: onWrite(update) },
  ];
}
