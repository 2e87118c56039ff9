// SPDX-License-Identifier: Apache-2.0
/** From what the directory refuses, by its AADSTS numbers, to a code and a sentence. */
import { SealError, type SealErrorCode } from "@sealwright/seal";
import * as z from "zod";
import { keyAt, type Target } from "./errors.ts";

/** An answer of whoever gives tokens, as it came. */
export interface LoginAnswer {
  readonly host: string;
  readonly status: number;
  readonly body: string;
}

const bodySchema = z.object({ error_codes: z.array(z.number()) });

interface Reason {
  readonly why: string;
  readonly advice: string;
}

const UNKNOWN_TENANT: Reason = { why: "it knows no such tenant", advice: "correct tenant_id or environment" };
const FEDERATION: Reason = {
  why: "the federated token is not one that this application trusts",
  advice: "compare issuer, subject and audience of its federated credential",
};
const ASSERTION_TIME: Reason = {
  why: "the assertion is not valid at this time",
  advice: "compare the clocks, and renew the federated token",
};

/** By the numbers of Microsoft's reference of error codes. */
const REASONS: Readonly<Record<number, Reason>> = {
  7000215: { why: "the client secret is wrong", advice: "give the secret's value, not its id" },
  7000222: { why: "the client secret has expired", advice: "make another one for this application" },
  700016: { why: "the tenant has no such application", advice: "correct client_id or tenant_id" },
  90002: UNKNOWN_TENANT,
  900023: UNKNOWN_TENANT,
  700027: { why: "the application does not have this certificate", advice: "upload the certificate of cert_path" },
  700024: ASSERTION_TIME,
  70021: FEDERATION,
  700211: FEDERATION,
  700212: FEDERATION,
  700213: FEDERATION,
};

function parsed(body: string): readonly number[] {
  try {
    return bodySchema.safeParse(JSON.parse(body)).data?.error_codes ?? [];
  } catch {
    return [];
  }
}

/** The error for an answer without a token. */
export function loginRefused(target: Target, { host, status, body }: LoginAnswer): SealError {
  const codes = parsed(body);
  const reason = codes.map((code) => REASONS[code]).find((each) => each !== undefined);
  const cause = new Error(`status ${status} of ${host}: ${codes.map((code) => `AADSTS${code}`).join(", ")}`);
  const make = (code: SealErrorCode, message: string, advice?: string): SealError =>
    new SealError(code, message, { cause, ...(advice === undefined ? {} : { advice }) });
  const token = `a token for ${keyAt(target)}`;
  if (reason !== undefined) return make("SEAL_DENIED", `${host} refuses ${token}: ${reason.why}`, reason.advice);
  if (status === 429)
    return make("SEAL_THROTTLED", `${host} gives no more tokens now, and so none for ${keyAt(target)}`);
  if (status >= 500) return make("SEAL_UNAVAILABLE", `${host} has failed to give ${token} (status ${status})`);
  return make("SEAL_DENIED", `${host} refuses ${token}`, "check tenant_id, client_id and what proves the client");
}

/** There is no credential that could be tried. `cause` is what the SDK said. */
export function noCredentials(target: Target, method: string, cause: unknown): SealError {
  return new SealError("SEAL_DENIED", `there are no credentials for ${keyAt(target)} (auth_method ${method})`, {
    cause,
    advice: "set tenant_id, client_id and client_secret, or give this machine an identity",
  });
}
