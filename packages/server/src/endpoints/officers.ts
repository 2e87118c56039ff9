// SPDX-License-Identifier: Apache-2.0
/**
 * `sys/seals/shares/*` and `sys/seals/recovery-keys/*`: shares that open the storage when every service is gone, of
 * officers or of the recovery key. A token with sudo begins it, the present quorum allows it.
 */
import { breakGlass, recoveryKeysUnsealOn, type SealedStore } from "@sealwright/core";
import * as z from "zod";
import type { Ceremonies } from "../ceremonies/ceremonies.ts";
import { type OfficersAnswer, officersRequest } from "../ceremonies/officers.ts";
import { type Endpoint, onWrite, operationWith } from "../http/api.ts";
import { int } from "../http/body.ts";
import type { Gate } from "../http/dispatcher.ts";
import { plain } from "../http/respond.ts";
import type { Log } from "../runtime/log.ts";
import { quorumOperations } from "./quorum-operations.ts";

const text = z.string({ error: "expected a string" });
const flag = z.boolean({ error: "expected true or false" });
const shares = z.object({
  name: text.min(1, "expected a name for the officers' seal"),
  secret_shares: int.default(0),
  secret_threshold: int.default(0),
  pgp_keys: z.array(text, { error: "expected a list of base64 PGP keys" }).default([]),
  accept_weaker: flag.default(false),
});
const recoveryKeys = z.object({ accept_weaker: flag.default(false) });

/** What these ceremonies need. */
export interface OfficersDeps {
  readonly store: SealedStore;
  readonly ceremonies: Ceremonies;
  readonly gate: Gate;
  readonly log: Log;
}

function handedOut({ keys, keys_base64, fingerprints }: OfficersAnswer): object {
  return { keys, keys_base64, pgp_fingerprints: fingerprints };
}

function officersEndpoints({ store, ceremonies, gate, log }: OfficersDeps): Endpoint[] {
  const attempt = ceremonies.officers;
  const tell = (name: string): void =>
    log.warn("officers' shares were added: a threshold of them opens the storage alone", { seal: name });
  const { read, cancel, update, state } = quorumOperations({
    name: "attempt to add officers' shares",
    store,
    gate,
    attempt,
    show: ({ name, numbers, fingerprints }) => ({
      name,
      n: numbers.shares,
      t: numbers.threshold,
      pgp_fingerprints: fingerprints,
    }),
    complete: (answer) => {
      tell(answer.name);
      return handedOut(answer);
    },
  });
  const start = operationWith(
    "Start adding officers' shares",
    shares,
    async ({ request: { remoteAddress, signal }, fields }) => {
      const { details, request } = await officersRequest({
        name: fields.name,
        numbers: { shares: fields.secret_shares, threshold: fields.secret_threshold },
        pgpKeys: fields.pgp_keys,
        weaker: fields.accept_weaker ? "accept" : "refuse",
        startedBy: remoteAddress,
      });
      // Where nobody holds recovery shares there is no quorum to ask, only the caller's token.
      if ((await store.status()).numbers.shares === 0) {
        const answer = await store.seals.establishShares(request, signal);
        tell(fields.name);
        return plain({ nonce: "", complete: true, ...handedOut(answer) });
      }
      const status = await attempt.start(details, breakGlass(request));
      log.info("adding officers' shares started", { seal: fields.name, started_by: remoteAddress });
      return plain(state(status));
    },
  );
  const path = "sys/seals/shares";
  return [
    { path: `${path}/start`, access: "sudo", operations: onWrite(start) },
    { path: `${path}/attempt`, access: "open", operations: { GET: read, DELETE: cancel } },
    { path: `${path}/update`, access: "open", operations: onWrite(update) },
  ];
}

const MEANS =
  "the recovery keys unseal from now on: as many officers as the threshold, with a stolen backup, read everything in it";

function recoveryKeysEndpoints({ store, ceremonies, gate, log }: OfficersDeps): Endpoint[] {
  const attempt = ceremonies.recoveryKeysUnseal;
  const { read, cancel, update, state } = quorumOperations({
    name: "attempt to let the recovery keys unseal",
    store,
    gate,
    attempt,
    show: () => ({}),
    complete: () => {
      log.warn(MEANS);
      return { warning: MEANS };
    },
  });
  const start = operationWith("Start letting the recovery keys unseal", recoveryKeys, async ({ request, fields }) => {
    const weaker = fields.accept_weaker ? "accept" : "refuse";
    const status = await attempt.start({ startedBy: request.remoteAddress }, recoveryKeysUnsealOn(weaker));
    log.info("letting the recovery keys unseal started", { started_by: request.remoteAddress });
    return plain(state(status));
  });
  const path = "sys/seals/recovery-keys";
  return [
    { path: `${path}/start`, access: "sudo", operations: onWrite(start) },
    { path: `${path}/attempt`, access: "open", operations: { GET: read, DELETE: cancel } },
    { path: `${path}/update`, access: "open", operations: onWrite(update) },
  ];
}

/** The endpoints of both. */
export function officersAndRecoveryKeys(deps: OfficersDeps): Endpoint[] {
  return [...officersEndpoints(deps), ...recoveryKeysEndpoints(deps)];
}
