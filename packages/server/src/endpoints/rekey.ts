// SPDX-License-Identifier: Apache-2.0
/** `sys/rekey/*` and `sys/rekey-recovery-key/*`: rekeys that need no token, since the shares are the leave. */
import * as z from "zod";
import { cancelScope } from "../ceremonies/cancelling.ts";
import type { RekeyService } from "../ceremonies/rekey-service.ts";
import { completedRekey, rekeyState, verificationState } from "../ceremonies/rekey-views.ts";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { int } from "../http/body.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { mergedResponse, noContent, plain } from "../http/respond.ts";

const text = z.string({ error: "expected a string" });
const flag = z.boolean({ error: "expected true or false" });

const start = z.object({
  secret_shares: int.default(0),
  secret_threshold: int.default(0),
  stored_shares: int.optional(),
  pgp_keys: z.array(text, { error: "expected a list of base64 PGP keys" }).default([]),
  backup: flag.default(false),
  require_verification: flag.default(false),
  compromised: flag.default(false),
  force: flag.default(false),
});
const submission = z.object({ key: text.default(""), nonce: text.default("") });
const cancellation = z.object({ nonce: text.default("") });

function keyOf({ key }: z.output<typeof submission>): string {
  if (key === "") throw new HttpError(400, "'key' must be specified in request body as JSON");
  return key;
}

const NO_REKEY = "no rekey configuration found";

/** The paths of one target's ceremony. */
export interface RekeyPaths {
  /** Before `/init`, `/update` and `/verify`. */
  readonly ceremony: string;
  readonly backup: string;
}

/** The endpoints of one target. */
export function rekeyEndpoints(service: RekeyService, gate: Gate, paths: RekeyPaths): Endpoint[] {
  const read = operation("State of the rekey", async () => plain(rekeyState(await service.state())));
  const begin = operationWith("Start a rekey", start, async ({ request, fields }) => {
    await service.start({
      shares: fields.secret_shares,
      threshold: fields.secret_threshold,
      pgpKeys: fields.pgp_keys,
      backup: fields.backup,
      verification: fields.require_verification,
      compromised: fields.compromised,
      force: fields.force,
      startedBy: request.remoteAddress,
    });
    return plain(rekeyState(await service.state()));
  });
  const cancel = operationWith("End the rekey", cancellation, async ({ request, fields }) => {
    if ((await service.state()).current !== undefined) {
      await service.cancel(await cancelScope(gate, request, fields.nonce));
    }
    return noContent();
  });
  const update = operationWith("Submit a present share", submission, async ({ request, fields }) => {
    await service.state();
    const outcome = await service.submit(fields.nonce, keyOf(fields), request.signal);
    if (!("answer" in outcome)) return plain(rekeyState({ required: outcome.required, current: outcome }));
    const { verificationNonce } = outcome;
    const pending = verificationNonce === undefined ? {} : { verification_nonce: verificationNonce };
    return plain({ ...completedRekey(outcome), ...pending });
  });
  const readProof = operation("State of the verification", async () => {
    const { current } = await service.state();
    if (current === undefined) throw new HttpError(400, NO_REKEY);
    return plain(verificationState(current));
  });
  const restart = operation("Forget the new shares submitted so far", async () => {
    const { current } = await service.state();
    if (current === undefined) throw new HttpError(400, NO_REKEY);
    return plain(verificationState(await service.restartVerification()));
  });
  const prove = operationWith("Submit a new share", submission, async ({ request, fields }) => {
    await service.state();
    const outcome = await service.verify(fields.nonce, keyOf(fields), request.signal);
    if (outcome.complete) return plain({ nonce: outcome.nonce, complete: true });
    return plain(verificationState(outcome.status));
  });
  const readBackup = operation("The PGP-encrypted shares", async () => {
    const backup = await service.backup();
    if (backup === undefined) {
      const meant = service.hasShares
        ? ""
        : ": a root key has no shares; for those of the recovery key add -target=recovery";
      throw new HttpError(400, `no backed-up keys found${meant}`);
    }
    return mergedResponse(backup);
  });
  const removeBackup = operation("Delete the PGP-encrypted shares", async () => {
    await service.deleteBackup();
    return noContent();
  });
  const { ceremony, backup } = paths;
  return [
    { path: `${ceremony}/init`, access: "open", operations: { GET: read, DELETE: cancel, ...onWrite(begin) } },
    { path: `${ceremony}/update`, access: "open", operations: { GET: update, ...onWrite(update) } },
    { path: `${ceremony}/verify`, access: "open", operations: { GET: readProof, DELETE: restart, ...onWrite(prove) } },
    { path: backup, access: "guarded", operations: { GET: readBackup, DELETE: removeBackup } },
  ];
}
