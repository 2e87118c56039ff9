// SPDX-License-Identifier: Apache-2.0
/** What `sys/init` is asked for: its fields, and the plan that is made of them before anything happens. */
import { checkNumbers, type InitRequest } from "@sealwright/core";
import type { ShareNumbers } from "@sealwright/seal";
import * as z from "zod";
import { int } from "../http/body.ts";
import { HttpError } from "../http/problem.ts";
import { PgpKeyError, type Recipient, readPublicKeys } from "../pgp/public-keys.ts";
import { recipientsFor } from "./rekey-request.ts";

const text = z.string({ error: "expected a string" });
const pgpKeys = z.array(text, { error: "expected a list of base64 PGP keys" });

/** The fields of `sys/init`. */
export const initBody = z.object({
  secret_shares: int.optional(),
  secret_threshold: int.optional(),
  pgp_keys: pgpKeys.optional(),
  recovery_shares: int.optional(),
  recovery_threshold: int.optional(),
  recovery_pgp_keys: pgpKeys.optional(),
  root_token_pgp_key: text.optional(),
  stored_shares: int.optional(),
  /** Ours: the name of a seal of shares beside auto seals, which `secret_shares` and `secret_threshold` are of then. */
  break_glass: text.optional(),
  /** Ours: lets a seal in that makes the whole weaker. */
  accept_weaker: z.boolean({ error: "expected true or false" }).default(false),
});

/** Their values. */
export type InitBody = z.output<typeof initBody>;

/** What is asked for, with every PGP key checked. Nothing has happened yet. */
export interface InitPlan {
  readonly request: Omit<InitRequest, "signal" | "beforeCommit">;
  /** Of the shares; null where they are answered in the clear. */
  readonly unsealRecipients: Recipient[] | null;
  readonly recoveryRecipients: Recipient[] | null;
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
export async function planForShares(fields: InitBody, type: string): Promise<InitPlan> {
  refuseOthers(fields, ["recovery_shares", "recovery_threshold", "recovery_pgp_keys", "break_glass"], type);
  const unseal = numbers(fields.secret_shares, fields.secret_threshold);
  checkNumbers(unseal);
  const unsealRecipients = await recipientsFor(fields.pgp_keys ?? [], unseal.shares, "seal");
  const recipient = await tokenRecipient(fields.root_token_pgp_key);
  return { request: { unseal }, unsealRecipients, recoveryRecipients: null, tokenRecipient: recipient };
}

interface BreakGlass {
  readonly breakGlass: NonNullable<InitRequest["breakGlass"]> | undefined;
  readonly recipients: Recipient[] | null;
}

/** Officers' shares beside auto seals, where a name is given for them; else their numbers are refused, as Vault does. */
async function breakGlassOf(fields: InitBody, type: string): Promise<BreakGlass> {
  const name = fields.break_glass ?? "";
  if (name === "") {
    refuseOthers(fields, ["secret_shares", "secret_threshold", "pgp_keys"], type);
    return { breakGlass: undefined, recipients: null };
  }
  const shares = numbers(fields.secret_shares, fields.secret_threshold);
  checkNumbers(shares);
  const recipients = await recipientsFor(fields.pgp_keys ?? [], shares.shares, "seal");
  return { breakGlass: { name, numbers: shares }, recipients };
}

/** For auto seals, beside which recovery shares and officers' shares are made where they are asked for. */
export async function planForAutoSeal(fields: InitBody, type: string, recoveryKeysUnseal: boolean): Promise<InitPlan> {
  const { breakGlass, recipients: unsealRecipients } = await breakGlassOf(fields, type);
  const recovery = numbers(fields.recovery_shares, fields.recovery_threshold);
  const none = recovery.shares === 0 && recovery.threshold === 0;
  if (!none) checkNumbers(recovery);
  const recoveryRecipients = await recipientsFor(fields.recovery_pgp_keys ?? [], recovery.shares, "recovery");
  return {
    request: {
      ...(none ? {} : { recovery }),
      ...(breakGlass === undefined ? {} : { breakGlass }),
      recoveryKeysUnseal,
      weaker: fields.accept_weaker ? "accept" : "refuse",
    },
    unsealRecipients,
    recoveryRecipients,
    tokenRecipient: await tokenRecipient(fields.root_token_pgp_key),
  };
}
