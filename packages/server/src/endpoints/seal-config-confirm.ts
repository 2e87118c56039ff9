// SPDX-License-Identifier: Apache-2.0
/** `sys/seal-config/confirm/*`: the present quorum says which seal configuration holds after somebody altered one. */
import { CoreError, type SealedStore, sealConfigConfirmation } from "@sealwright/core";
import * as z from "zod";
import { cancelScope } from "../ceremonies/cancelling.ts";
import type { Ceremonies } from "../ceremonies/ceremonies.ts";
import { startedFields } from "../ceremonies/details.ts";
import { withShare } from "../ceremonies/submission.ts";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { noContent, plain } from "../http/respond.ts";
import type { Log } from "../runtime/log.ts";

const text = z.string({ error: "expected a string" }).default("");
const start = z.object({
  keep: z.enum(["stored", "written"], {
    error: "expected stored, for what stands in the storage now, or written, for what this server wrote last",
  }),
});
const submission = z.object({ key: text, nonce: text });
const cancellation = z.object({ nonce: text });

/** What confirming a seal configuration needs. */
export interface ConfirmDeps {
  readonly store: SealedStore;
  readonly ceremonies: Ceremonies;
  readonly gate: Gate;
  readonly log: Log;
}

export function sealConfigConfirmEndpoints({ store, ceremonies, gate, log }: ConfirmDeps): Endpoint[] {
  const attempt = ceremonies.sealConfigConfirmation;
  const state = (current = attempt.current) =>
    current === undefined
      ? { started: false }
      : {
          nonce: current.nonce,
          started: true,
          keep: current.details.keep,
          progress: current.progress,
          required: current.required,
          ...startedFields(current),
        };
  const checkOpen = (): void => {
    if (store.sealed) throw new CoreError("SEALED", "the store is sealed");
  };
  const read = operation("State of the confirmation", async () => {
    checkOpen();
    return plain({ ...state(), altered: (await store.status()).sealConfigsAltered });
  });
  const begin = operationWith("Start a confirmation", start, async ({ request, fields: { keep } }) => {
    checkOpen();
    const status = await attempt.start({ startedBy: request.remoteAddress, keep }, sealConfigConfirmation(keep));
    log.info("confirmation of the seal configuration started", { keep, started_by: request.remoteAddress });
    return plain(state(status));
  });
  const cancel = operationWith("End the confirmation", cancellation, async ({ request, fields }) => {
    checkOpen();
    await attempt.cancel(await cancelScope(gate, request, fields.nonce));
    return noContent();
  });
  const update = operationWith("Submit a present share", submission, async ({ request, fields }) => {
    checkOpen();
    if (fields.key === "") throw new HttpError(400, "'key' must be specified in request body as JSON");
    const outcome = await withShare(fields.key, (share) => attempt.submit(fields.nonce, share, request.signal));
    if (!outcome.complete) return plain(state(outcome.status));
    log.warn("the seal configuration was confirmed by a quorum", { keep: outcome.answer });
    return plain({ nonce: outcome.nonce, complete: true, keep: outcome.answer });
  });
  const path = "sys/seal-config/confirm";
  return [
    { path: `${path}/attempt`, access: "open", operations: { GET: read, DELETE: cancel, ...onWrite(begin) } },
    { path: `${path}/update`, access: "open", operations: onWrite(update) },
  ];
}
