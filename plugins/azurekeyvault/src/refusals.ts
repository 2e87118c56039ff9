// SPDX-License-Identifier: Apache-2.0
/**
 * From what Key Vault refuses to a code and a sentence that names vault, key and what to try. What the vault said goes
 * into `cause` alone, for the log: a message never quotes it.
 */
import { SealError, type SealErrorCode } from "@sealwright/seal";
import * as z from "zod";
import { keyAt, type Target } from "./errors.ts";

/** The operations that the seal uses, in the words of permissions. */
export type Operation = "wrapKey" | "unwrapKey";

/** What the vault was asked. */
export interface Question {
  readonly operation: Operation;
  /** The version of the key; undefined for the newest. */
  readonly version: string | undefined;
}

/** What the vault answered. */
export interface Answer {
  readonly status: number;
  /** The parsed JSON; undefined where the body was none. */
  readonly body: unknown;
  /** By how much the vault's clock is ahead of ours, in milliseconds; undefined where it did not say. */
  readonly clockAhead: number | undefined;
}

const CLOCKS_DIFFER_MS = 5 * 60 * 1_000;

const inner = z.object({ code: z.string().optional() }).optional();
const errorSchema = z.object({
  error: z.object({
    code: z.string().optional(),
    message: z.string().optional(),
    innererror: inner,
    innerError: inner,
  }),
});

/** What rows look at. */
interface Facts {
  readonly status: number;
  /** The inner code, else the outer one, else empty. */
  readonly code: string;
  readonly message: string;
  readonly clocksDiffer: boolean;
}

interface Explanation {
  readonly message: string;
  readonly advice?: string;
}

interface Row {
  readonly status: number | "5xx" | "any";
  /** What the code must match; any where left out. */
  readonly code?: RegExp;
  readonly fits?: (facts: Facts, question: Question) => boolean;
  readonly as: SealErrorCode;
  explain(target: Target, question: Question, facts: Facts): Explanation;
}

/** Emulators answer with 500 what the service answers with 400. */
const DOES_NOT_OPEN = /padding|decrypt|cipher|unwrap/i;

const doesNotOpen = (at: Target): Explanation => ({
  message: `${keyAt(at)} does not open this: another key wrapped it, or it was altered`,
});

// The vault gives a code with every refusal; who gives none stands in between.
const byProxy = (status: number): Row => ({
  status,
  code: /^$/,
  as: "SEAL_UNAVAILABLE",
  explain: (at) => ({
    message: `a proxy before ${at.vaultUrl} does not let requests for the key ${at.key} through (status ${status})`,
    advice: "correct HTTPS_PROXY, or what the proxy allows",
  }),
});

/** The first row that fits counts. Codes are those of Key Vault's REST reference. */
const REFUSALS: readonly Row[] = [
  {
    status: 401,
    fits: ({ clocksDiffer }) => clocksDiffer,
    as: "SEAL_DENIED",
    explain: (at) => ({
      message: `${at.vaultUrl} does not take the token for the key ${at.key}: its clock and this machine's differ by minutes`,
      advice: "set this machine's clock",
    }),
  },
  {
    status: 401,
    as: "SEAL_DENIED",
    explain: (at) => ({
      message:
        `${at.vaultUrl} does not take the token for the key ${at.key}: it is of another tenant, for another resource, ` +
        "or expired",
      advice: "compare tenant_id and environment with the vault's",
    }),
  },
  byProxy(403),
  byProxy(407),
  {
    status: 403,
    code: /^KeyDisabled$/,
    as: "SEAL_KEY_DISABLED",
    explain: (at) => ({ message: `${keyAt(at)}, or the version that wrapped this, is disabled` }),
  },
  {
    status: 403,
    code: /^KeyNotYetValid|Expired$/,
    as: "SEAL_KEY_DISABLED",
    explain: (at) => ({
      message: `${keyAt(at)} is not yet valid or has expired, so it wraps nothing`,
      advice: "rotate it, or change its activation and expiration date",
    }),
  },
  {
    status: 403,
    code: /^KeyOperationForbidden$/,
    as: "SEAL_CONFIG",
    explain: (at, { operation }) => ({
      message: `${keyAt(at)} is not made for ${operation}`,
      advice: "name an RSA key whose permitted operations include wrapKey and unwrapKey",
    }),
  },
  {
    status: 403,
    code: /^ForbiddenBy(Firewall|Connection)$/,
    as: "SEAL_DENIED",
    explain: (at) => ({
      message: `the firewall of ${at.vaultUrl} keeps this machine from the key ${at.key}`,
      advice: "allow its network at the vault, or use a private endpoint",
    }),
  },
  {
    status: 403,
    as: "SEAL_DENIED",
    explain: (at, { operation }) => ({
      message: `${at.vaultUrl} denies ${operation} with the key ${at.key}`,
      advice: `give this identity the permission keys/${operation} on the key, by a role or an access policy`,
    }),
  },
  {
    status: 404,
    as: "SEAL_KEY_MISSING",
    explain: (at, { version }) => ({
      message:
        version === undefined
          ? `${at.vaultUrl} has no key ${at.key}, or it was deleted`
          : `${at.vaultUrl} has no version ${version} of the key ${at.key}, or it was deleted`,
      advice: "correct vault_name and key_name, or recover the key there",
    }),
  },
  {
    status: 409,
    as: "SEAL_KEY_DISABLED",
    explain: (at) => ({ message: `${keyAt(at)} is deleted and waits for its purge`, advice: "recover it there" }),
  },
  {
    status: 429,
    as: "SEAL_THROTTLED",
    explain: (at) => ({ message: `${at.vaultUrl} takes no more requests for the key ${at.key} now` }),
  },
  {
    status: 400,
    fits: ({ message }, { operation }) => operation === "unwrapKey" && !/not supported|key type/i.test(message),
    as: "SEAL_BAD_CIPHERTEXT",
    explain: doesNotOpen,
  },
  {
    status: 400,
    as: "SEAL_CONFIG",
    explain: (at, { operation }) => ({
      message: `${at.vaultUrl} cannot ${operation} with the key ${at.key} and RSA-OAEP-256`,
      advice: "name an RSA key of 2048 bits or more",
    }),
  },
  {
    status: 500,
    fits: ({ message }, { operation }) => operation === "unwrapKey" && DOES_NOT_OPEN.test(message),
    as: "SEAL_BAD_CIPHERTEXT",
    explain: doesNotOpen,
  },
  {
    status: "5xx",
    as: "SEAL_UNAVAILABLE",
    explain: (at, { operation }, { status }) => ({
      message: `${at.vaultUrl} answered ${operation} with the key ${at.key} with status ${status}`,
      advice: "look at Azure's status, or at the proxy in between",
    }),
  },
  {
    status: "any",
    as: "SEAL_CONFIG",
    explain: (at, { operation }, { status }) => ({
      message: `${at.vaultUrl} refused ${operation} with the key ${at.key} with status ${status}`,
      advice: "check that a Key Vault answers there",
    }),
  },
];

function matches(row: Row, facts: Facts, question: Question): boolean {
  const { status, code } = facts;
  const byStatus = row.status === "any" || row.status === status || (row.status === "5xx" && status >= 500);
  return byStatus && (row.code?.test(code) ?? true) && (row.fits?.(facts, question) ?? true);
}

/** The error for an answer that is a refusal. */
export function refused(target: Target, question: Question, { status, body, clockAhead }: Answer): SealError {
  const { code, message = "", innererror, innerError } = errorSchema.safeParse(body).data?.error ?? {};
  const facts: Facts = {
    status,
    code: innererror?.code ?? innerError?.code ?? code ?? "",
    message,
    clocksDiffer: Math.abs(clockAhead ?? 0) > CLOCKS_DIFFER_MS,
  };
  const row = REFUSALS.find((each) => matches(each, facts, question));
  if (row === undefined) throw new Error("the last row fits everything");
  const { message: text, ...advice } = row.explain(target, question, facts);
  const cause = new Error(`status ${status}: ${facts.code} ${message}`);
  return new SealError(row.as, text, { cause, ...advice });
}
