// SPDX-License-Identifier: Apache-2.0
/** What every ceremony has in which the present quorum allows one thing: looking, ending, and giving a share. */
import { type Authorization, type AuthorizationStatus, CoreError, type SealedStore } from "@sealwright/core";
import * as z from "zod";
import { cancelScope } from "../ceremonies/cancelling.ts";
import { type StartedBy, startedFields } from "../ceremonies/details.ts";
import { withShare } from "../ceremonies/submission.ts";
import { type Operation, operation, operationWith } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { noContent, plain } from "../http/respond.ts";

const text = z.string({ error: "expected a string" }).default("");
const submission = z.object({ key: text, nonce: text });
const cancellation = z.object({ nonce: text });

/** One such ceremony. */
export interface QuorumCeremony<Answer, Details extends StartedBy> {
  /** What it is called in the API's description, such as `confirmation`. */
  readonly name: string;
  readonly store: SealedStore;
  readonly gate: Gate;
  readonly attempt: Authorization<Answer, Details>;
  /** What the status shows of the details besides who began it. */
  show(details: Details): object;
  /** What is shown whether an attempt runs or not. */
  context?(): Promise<object>;
  /** What the last share is answered with. */
  complete(answer: Answer): object;
}

/** Its operations, without the one that starts it. */
export interface QuorumOperations<Details extends StartedBy> {
  readonly read: Operation;
  readonly cancel: Operation;
  readonly update: Operation;
  /** A status as these operations show it. */
  state(status?: AuthorizationStatus<Details>): object;
}

/** Throws `SEALED` unless the store is open. */
export function checkOpen({ sealed }: Pick<SealedStore, "sealed">): void {
  if (sealed) throw new CoreError("SEALED", "the store is sealed");
}

/** The operations of `ceremony`. */
export function quorumOperations<Answer, Details extends StartedBy>(
  ceremony: QuorumCeremony<Answer, Details>,
): QuorumOperations<Details> {
  const { name, store, gate, attempt } = ceremony;
  const state = (current = attempt.current): object =>
    current === undefined
      ? { started: false }
      : {
          nonce: current.nonce,
          started: true,
          ...ceremony.show(current.details),
          progress: current.progress,
          required: current.required,
          ...startedFields(current),
        };
  const read = operation(`State of the ${name}`, async () => {
    checkOpen(store);
    return plain({ ...state(), ...(await ceremony.context?.()) });
  });
  const cancel = operationWith(`End the ${name}`, cancellation, async ({ request, fields }) => {
    checkOpen(store);
    await attempt.cancel(await cancelScope(gate, request, fields.nonce));
    return noContent();
  });
  const update = operationWith("Submit a present share", submission, async ({ request, fields }) => {
    checkOpen(store);
    if (fields.key === "") throw new HttpError(400, "'key' must be specified in request body as JSON");
    const outcome = await withShare(fields.key, (share) => attempt.submit(fields.nonce, share, request.signal));
    if (!outcome.complete) return plain(state(outcome.status));
    return plain({ nonce: outcome.nonce, complete: true, ...ceremony.complete(outcome.answer) });
  });
  return { read, cancel, update, state };
}
