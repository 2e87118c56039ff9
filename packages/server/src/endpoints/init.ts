// SPDX-License-Identifier: Apache-2.0
import { CoreError, type InitShares, type PlainChange, type SealedStore, unansweredInit } from "@sealwright/core";
import { type DeliveredShares, deliverShares } from "../ceremonies/delivery.ts";
import type { InitAnswer } from "../ceremonies/init-answer.ts";
import { type InitBody, type InitPlan, initBody, planForAutoSeal, planForShares } from "../ceremonies/init-plan.ts";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { plain } from "../http/respond.ts";
import { encryptTo } from "../pgp/public-keys.ts";

/** What initialising does besides: the first token and the tables, in the same batch. */
export interface FirstEntries {
  readonly rootToken: string;
  readonly changes: readonly PlainChange[];
}

/** What init needs. */
export interface InitDeps {
  readonly store: SealedStore;
  readonly answer: InitAnswer;
  /** Whether the recovery keys shall open the storage. */
  readonly recoveryKeysUnseal: boolean;
  readonly firstEntries: () => FirstEntries;
  /** Called after a successful init of an auto-sealed store: opens it. */
  readonly onInitialized: () => Promise<void>;
}

interface Delivered {
  readonly unseal: DeliveredShares;
  readonly recovery: DeliveredShares;
  readonly rootToken: string;
}

/** Encrypts before anything is stored: keys that cannot be handed out must not come into force. */
async function deliver(plan: InitPlan, shares: InitShares, rootToken: string): Promise<Delivered> {
  const { unsealRecipients, recoveryRecipients, tokenRecipient } = plan;
  const { unseal, recovery } = shares;
  return {
    unseal: await deliverShares(unseal, unsealRecipients),
    recovery: await deliverShares(recovery, recoveryRecipients),
    rootToken:
      tokenRecipient === undefined ? rootToken : (await encryptTo(tokenRecipient, rootToken)).toString("base64"),
  };
}

function answered({ unseal, recovery, rootToken }: Delivered) {
  const recoveryKeys =
    recovery.keys.length === 0 ? {} : { recovery_keys: recovery.keys, recovery_keys_base64: recovery.keys_base64 };
  return { ...unseal, ...recoveryKeys, root_token: rootToken };
}

/** `sys/init`. */
export function initEndpoints(deps: InitDeps): Endpoint[] {
  const { store, answer, firstEntries, onInitialized } = deps;
  const refuseNumbers = (error: unknown): never => {
    if (!(error instanceof CoreError) || error.code !== "INVALID_REQUEST") throw error;
    const which = store.autoSealed ? "recovery" : "seal";
    throw new HttpError(400, `invalid ${which} configuration: ${error.message}`);
  };
  const initialize = async (fields: InitBody, signal: AbortSignal) => {
    const status = await store.status();
    if (status.damage !== undefined) throw status.damage;
    const again = status.initialized && !answer.known && (await store.initUnanswered());
    if (status.initialized && !again) throw new CoreError("ALREADY_INITIALIZED", "Vault is already initialized");
    const planning = store.autoSealed
      ? planForAutoSeal(fields, status.type, deps.recoveryKeysUnseal)
      : planForShares(fields, status.type);
    const plan = await planning.catch(refuseNumbers);
    const first = firstEntries();
    const delivered = Promise.withResolvers<Delivered>();
    const beforeCommit = async (shares: InitShares) => {
      delivered.resolve(await deliver(plan, shares, first.rootToken));
      return [...first.changes, unansweredInit()];
    };
    // What an auto seal has opened meanwhile is of no use to anybody.
    if (again) await store.seal();
    try {
      const shares = await store.initialize({ ...plan.request, signal, beforeCommit });
      for (const share of [...shares.unseal, ...shares.recovery]) share.fill(0);
      answer.expect();
      return { ...plain(answered(await delivered.promise)), onDelivered: () => answer.received() };
    } catch (error) {
      // The first one is still there, and as good as it was.
      if (again && store.autoSealed) await onInitialized().catch(() => undefined);
      return refuseNumbers(error);
    }
  };
  const read = operation("Whether the storage is initialised", async () =>
    plain({ initialized: (await store.status()).initialized }),
  );
  const write = operationWith("Initialise an empty storage", initBody, async ({ request, fields }) => {
    const response = await initialize(fields, request.signal);
    if (store.autoSealed) await onInitialized();
    return response;
  });
  return [{ path: "sys/init", access: "open", operations: { GET: read, ...onWrite(write) } }];
}
