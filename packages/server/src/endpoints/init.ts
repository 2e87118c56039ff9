// SPDX-License-Identifier: Apache-2.0
import {
  CoreError,
  checkNumbers,
  type InitShares,
  type PlainChange,
  type SealedStore,
  unansweredInit,
} from "@sealwright/core";
import type { ShareNumbers } from "@sealwright/seal";
import * as z from "zod";
import { type DeliveredShares, deliverShares } from "../ceremonies/delivery.ts";
import type { InitAnswer } from "../ceremonies/init-answer.ts";
import { recipientsFor } from "../ceremonies/rekey-request.ts";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { int } from "../http/body.ts";
import { HttpError } from "../http/problem.ts";
import { plain } from "../http/respond.ts";
import { encryptTo, PgpKeyError, type Recipient, readPublicKeys } from "../pgp/public-keys.ts";

const text = z.string({ error: "expected a string" });
const pgpKeys = z.array(text, { error: "expected a list of base64 PGP keys" });

const body = z.object({
  secret_shares: int.optional(),
  secret_threshold: int.optional(),
  pgp_keys: pgpKeys.optional(),
  recovery_shares: int.optional(),
  recovery_threshold: int.optional(),
  recovery_pgp_keys: pgpKeys.optional(),
  root_token_pgp_key: text.optional(),
  stored_shares: int.optional(),
});

type InitBody = z.output<typeof body>;

/** What initialising does besides: the first token and the tables, in the same batch. */
export interface FirstEntries {
  readonly rootToken: string;
  readonly changes: readonly PlainChange[];
}

/** What init needs. */
export interface InitDeps {
  readonly store: SealedStore;
  readonly answer: InitAnswer;
  readonly firstEntries: () => FirstEntries;
  /** Called after a successful init of an auto-sealed store: opens it. */
  readonly onInitialized: () => Promise<void>;
}

/** What is asked for, with every PGP key checked. Nothing has happened yet. */
interface Plan {
  readonly numbers: { readonly unseal: ShareNumbers } | { readonly recovery?: ShareNumbers };
  /** Of the shares; null where they are answered in the clear. */
  readonly recipients: Recipient[] | null;
  readonly tokenRecipient: Recipient | undefined;
}

/** The parameters that do not go with this kind of seal and were given all the same. Nought counts as not given. */
function refuseOthers(fields: InitBody, names: readonly (keyof InitBody)[], type: string): void {
  const isGiven = (value: InitBody[keyof InitBody]): boolean =>
    Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0;
  const given = names.filter((name) => isGiven(fields[name]));
  if (given.length === 0) return;
  throw new HttpError(400, `parameters ${given.join(",")} not applicable to seal type ${type}`);
}

function numbers(shares = 0, threshold = 0): ShareNumbers {
  return { shares, threshold };
}

async function tokenRecipient(key = ""): Promise<Recipient | undefined> {
  if (key === "") return undefined;
  const [recipient] = await readPublicKeys([key]).catch((error: unknown) => {
    throw error instanceof PgpKeyError ? new HttpError(400, `root_token_pgp_key: the PGP key ${error.why}`) : error;
  });
  return recipient;
}

/** For a seal of shares, whose holders unseal. */
async function planForShares(fields: InitBody, type: string): Promise<Plan> {
  refuseOthers(fields, ["recovery_shares", "recovery_threshold", "recovery_pgp_keys"], type);
  const unseal = numbers(fields.secret_shares, fields.secret_threshold);
  checkNumbers(unseal);
  const recipients = await recipientsFor(fields.pgp_keys ?? [], unseal.shares, "seal");
  return { numbers: { unseal }, recipients, tokenRecipient: await tokenRecipient(fields.root_token_pgp_key) };
}

/** For an auto seal, beside which recovery shares are made where they are asked for. */
async function planForAutoSeal(fields: InitBody, type: string): Promise<Plan> {
  refuseOthers(fields, ["secret_shares", "secret_threshold", "pgp_keys"], type);
  const recovery = numbers(fields.recovery_shares, fields.recovery_threshold);
  const none = recovery.shares === 0 && recovery.threshold === 0;
  if (!none) checkNumbers(recovery);
  const recipients = await recipientsFor(fields.recovery_pgp_keys ?? [], recovery.shares, "recovery");
  return {
    numbers: none ? {} : { recovery },
    recipients,
    tokenRecipient: await tokenRecipient(fields.root_token_pgp_key),
  };
}

interface Delivered {
  readonly unseal: DeliveredShares;
  readonly recovery: DeliveredShares;
  readonly rootToken: string;
}

/** Encrypts before anything is stored: keys that cannot be handed out must not come into force. */
async function deliver(plan: Plan, shares: InitShares, rootToken: string): Promise<Delivered> {
  const { recipients, tokenRecipient } = plan;
  const { unseal, recovery } = shares;
  return {
    unseal: await deliverShares(unseal, unseal.length === 0 ? null : recipients),
    recovery: await deliverShares(recovery, recovery.length === 0 ? null : recipients),
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
export function initEndpoints({ store, answer, firstEntries, onInitialized }: InitDeps): Endpoint[] {
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
    const planFor = store.autoSealed ? planForAutoSeal : planForShares;
    const plan = await planFor(fields, status.type).catch(refuseNumbers);
    const first = firstEntries();
    const delivered = Promise.withResolvers<Delivered>();
    const beforeCommit = async (shares: InitShares) => {
      delivered.resolve(await deliver(plan, shares, first.rootToken));
      return [...first.changes, unansweredInit()];
    };
    // What an auto seal has opened meanwhile is of no use to anybody.
    if (again) await store.seal();
    try {
      const shares = await store.initialize({ ...plan.numbers, signal, beforeCommit });
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
  const write = operationWith("Initialise an empty storage", body, async ({ request, fields }) => {
    const response = await initialize(fields, request.signal);
    if (store.autoSealed) await onInitialized();
    return response;
  });
  return [{ path: "sys/init", access: "open", operations: { GET: read, ...onWrite(write) } }];
}
