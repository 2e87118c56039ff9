// SPDX-License-Identifier: Apache-2.0
/**
 * `sys/rotate/root/*` and `sys/rotate/recovery/*`: the same ceremonies for tokens with `update` and `sudo`, and
 * `sys/rotate/root`, a new root key by such a token alone.
 */
import { type RekeyStatus, rotateRootKey, type SealedStore } from "@sealwright/core";
import * as z from "zod";
import { cancelScope } from "../ceremonies/cancelling.ts";
import type { RekeyDetails } from "../ceremonies/details.ts";
import type { RekeyService, RekeyState } from "../ceremonies/rekey-service.ts";
import { attemptFields, completedRekey, pgpFields, verificationState } from "../ceremonies/rekey-views.ts";
import { type Call, type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { dataResponse, mergedResponse, noContent } from "../http/respond.ts";
import { ignoredFields, text, textList, truth, wholeNumber } from "./framework-fields.ts";

const start = z.object({
  secret_shares: wholeNumber,
  secret_threshold: wholeNumber,
  pgp_keys: textList,
  backup: truth.default(false),
  require_verification: truth.default(false),
  compromised: truth.default(false),
  force: truth.default(false),
});
const rootKey = z.object({ force: truth.default(false) });
const submission = z.object({ key: text, nonce: text });
const cancellation = z.object({ nonce: text });

const NO_ROTATION = "no rotation configuration found";

function required(fields: z.output<typeof submission>): { key: string; nonce: string } {
  for (const name of ["key", "nonce"] as const) {
    if (fields[name] === "") throw new HttpError(400, `missing required field '${name}'`);
  }
  return fields;
}

function rotationState({ required, current }: RekeyState, service: RekeyService) {
  if (current === undefined) return { n: 0, required, started: false, t: 0 };
  return {
    ...attemptFields(current),
    // What has no shares is shown as one, as the peers do.
    ...(service.hasShares ? {} : { n: 1, t: 1 }),
    ...(current.details.fingerprints === null ? {} : pgpFields(current)),
    verification_nonce: current.verifying?.nonce ?? "",
  };
}

function currentOf({ current }: RekeyState): RekeyStatus<RekeyDetails> {
  if (current === undefined) throw new HttpError(400, NO_ROTATION);
  return current;
}

function initOperations(service: RekeyService, gate: Gate): Endpoint["operations"] {
  const begin = async ({ request, fields }: Call<typeof start>) => {
    const order = {
      shares: fields.secret_shares,
      threshold: fields.secret_threshold,
      pgpKeys: fields.pgp_keys,
      backup: fields.backup,
      verification: fields.require_verification,
      compromised: fields.compromised,
      force: fields.force,
      startedBy: request.remoteAddress,
    };
    const { required, current } = await service.state();
    if (service.target === "recovery" && required === 0 && current === undefined) {
      const answer = await service.establish({ ...order, verification: false }, request.signal);
      return dataResponse({
        ...completedRekey({ nonce: "", answer, verificationNonce: undefined }),
        verification_nonce: "",
      });
    }
    await service.start(order);
    const warnings = ignoredFields(request.text, start);
    return dataResponse(rotationState(await service.state(), service), { warnings });
  };
  const cancel = async ({ request, fields }: Call<typeof cancellation>) => {
    await service.cancel(await cancelScope(gate, request, fields.nonce));
    return noContent();
  };
  return {
    GET: operation("State of the rotation", async () => dataResponse(rotationState(await service.state(), service))),
    DELETE: operationWith("End the rotation", cancellation, cancel),
    ...onWrite(operationWith("Start a rotation", start, begin)),
  };
}

function updateOperations(service: RekeyService): Endpoint["operations"] {
  const update = operationWith("Submit a present share", submission, async ({ request, fields }) => {
    const { key, nonce } = required(fields);
    const outcome = await service.submit(nonce, key, request.signal);
    if (!("answer" in outcome)) {
      return dataResponse(rotationState({ required: outcome.required, current: outcome }, service));
    }
    return dataResponse({ ...completedRekey(outcome), verification_nonce: outcome.verificationNonce ?? "" });
  });
  return onWrite(update);
}

function verifyOperations(service: RekeyService): Endpoint["operations"] {
  const read = operation("State of the verification", async () =>
    dataResponse(verificationState(currentOf(await service.state()))),
  );
  const restart = operation("Forget the new shares submitted so far", async () => {
    currentOf(await service.state());
    return dataResponse(verificationState(await service.restartVerification()));
  });
  const prove = operationWith("Submit a new share", submission, async ({ request, fields }) => {
    const { key, nonce } = required(fields);
    const outcome = await service.verify(nonce, key, request.signal);
    if (outcome.complete) return dataResponse({ complete: true, nonce: outcome.nonce });
    return dataResponse(verificationState(outcome.status));
  });
  return { GET: read, DELETE: restart, ...onWrite(prove) };
}

function backupOperations(service: RekeyService): Endpoint["operations"] {
  const read = operation("The PGP-encrypted shares", async () => {
    const backup = await service.backup();
    if (backup === undefined) throw new HttpError(400, "no backed-up keys found");
    return mergedResponse(backup);
  });
  const remove = operation("Delete the PGP-encrypted shares", async () => {
    await service.deleteBackup();
    return noContent();
  });
  return { GET: read, DELETE: remove };
}

/** The endpoints of one target below `base`. */
export function rotateKeysEndpoints(service: RekeyService, gate: Gate, base: string): Endpoint[] {
  const guarded = { access: "sudo", capability: "update" } as const;
  return [
    { path: `${base}/init`, ...guarded, operations: initOperations(service, gate) },
    { path: `${base}/update`, ...guarded, operations: updateOperations(service) },
    { path: `${base}/verify`, ...guarded, operations: verifyOperations(service) },
    { path: `${base}/backup`, ...guarded, operations: backupOperations(service) },
  ];
}

/** `sys/rotate/root`: a new root key by a token alone; shares stay as they are. */
export function rotateRootEndpoints(store: SealedStore): Endpoint[] {
  const rotate = operationWith("Make a new root key; the shares stay", rootKey, async ({ request, fields }) => {
    await rotateRootKey(store, request.signal, fields.force ? "accept" : "refuse");
    return noContent();
  });
  return [{ path: "sys/rotate/root", access: "sudo", operations: onWrite(rotate) }];
}
