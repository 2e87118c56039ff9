// SPDX-License-Identifier: Apache-2.0
/**
 * From what the remote server refuses to a code and a sentence that names address, mount, key and what to try. What the
 * remote said goes into `cause` alone, for the log: a message never quotes it.
 */
import { SealError, type SealErrorCode } from "@sealwright/seal";
import { remote, type Target } from "./errors.ts";

/** The two operations of the engine that the seal uses. */
export type Operation = "encrypt" | "decrypt";

/** A refusal as it came: the HTTP status, and the sentences of its body, none where that was not Vault's. */
export interface Refusal {
  readonly status: number;
  readonly sentences: readonly string[];
}

function policy({ mount, key }: Target, operation: Operation): string {
  return `path "${mount}/${operation}/${key}" { capabilities = ["update"] }`;
}

interface Row {
  readonly status: number | "5xx" | "any";
  /** What one of the sentences must match; none needed where left out. */
  readonly says?: RegExp;
  readonly code: SealErrorCode;
  explain(target: Target, operation: Operation, status: number): string;
}

/** The first row that fits counts. The sentences are those of Vault and of OpenBao. */
const REFUSALS: readonly Row[] = [
  {
    status: 503,
    says: /sealed/i,
    code: "SEAL_UNAVAILABLE",
    explain: (at) => `${remote(at)} is sealed, so the transit key ${at.key} cannot be used: unseal that server first`,
  },
  {
    status: 429,
    code: "SEAL_THROTTLED",
    explain: (at) =>
      `${remote(at)} takes no more requests for ${at.mount}/${at.key} now: raise its quota or rate limit if this stays`,
  },
  {
    status: 403,
    code: "SEAL_DENIED",
    explain: (at, operation) =>
      `${remote(at)} denies ${operation} with the transit key ${at.key}: the token is expired, revoked or of another ` +
      `server or namespace, or its policy lacks ${policy(at, operation)}` +
      (operation === "encrypt" ? "; a key that is not there is answered alike" : ""),
  },
  {
    status: 404,
    says: /namespace not found/i,
    code: "SEAL_KEY_MISSING",
    explain: (at) => `${at.address} has no namespace ${at.namespace ?? "of that name"}: correct namespace in the seal`,
  },
  {
    status: 404,
    says: /no handler for route/i,
    code: "SEAL_KEY_MISSING",
    explain: (at) =>
      `nothing is mounted at ${at.mount}/ of ${remote(at)}, where the transit key ${at.key} should be: correct ` +
      "mount_path or namespace, or mount a transit engine there",
  },
  {
    status: 400,
    says: /encryption key not found|policy not found/i,
    code: "SEAL_KEY_MISSING",
    explain: (at) =>
      `the transit engine at ${at.mount}/ of ${remote(at)} has no key ${at.key}: correct key_name, or bring that key back`,
  },
  {
    status: 400,
    says: /version is too new/i,
    code: "SEAL_KEY_MISSING",
    explain: (at) =>
      `the transit key ${at.key} at ${at.mount}/ of ${remote(at)} lacks the version that wrapped this: it is another ` +
      "key of that name, or was put back from an older backup",
  },
  {
    status: 400,
    says: /too old/i,
    code: "SEAL_KEY_DISABLED",
    explain: (at) =>
      `the transit key ${at.key} at ${at.mount}/ of ${remote(at)} no longer decrypts with the version that wrapped ` +
      "this: lower its min_decryption_version",
  },
  {
    status: 400,
    says: /soft[- ]deleted/i,
    code: "SEAL_KEY_DISABLED",
    explain: (at) => `the transit key ${at.key} at ${at.mount}/ of ${remote(at)} is deleted but kept: restore it there`,
  },
  {
    status: 400,
    says: /invalid ciphertext|authentication failed|unable to decrypt/i,
    code: "SEAL_BAD_CIPHERTEXT",
    explain: (at) =>
      `the transit key ${at.key} at ${at.mount}/ of ${remote(at)} does not open this: another key wrapped it, or it ` +
      "was altered",
  },
  {
    status: 400,
    says: /key derivation|context|not supported for key type|not supported/i,
    code: "SEAL_CONFIG",
    explain: (at) =>
      `the transit key ${at.key} at ${at.mount}/ of ${remote(at)} is of a kind that cannot seal: name one of type ` +
      "aes256-gcm96 without derivation",
  },
  {
    status: "5xx",
    code: "SEAL_UNAVAILABLE",
    explain: (at, operation, status) =>
      `${remote(at)} answered ${operation} with the transit key ${at.key} at ${at.mount}/ with status ${status}: see ` +
      "the log of that server, or of the proxy before it",
  },
  {
    status: "any",
    code: "SEAL_CONFIG",
    explain: (at, operation, status) =>
      `${remote(at)} refused ${operation} with the transit key ${at.key} with status ${status}: check that ` +
      `${at.mount}/ is the mount of a transit engine`,
  },
];

/** The error for an answer that is a refusal. */
export function refused(target: Target, operation: Operation, { status, sentences }: Refusal): SealError {
  const row = REFUSALS.find(
    (each) =>
      (each.status === "any" || each.status === status || (each.status === "5xx" && status >= 500)) &&
      (each.says === undefined || sentences.some((sentence) => each.says?.test(sentence))),
  );
  if (row === undefined) throw new Error("the last row fits everything");
  const cause = new Error(`status ${status}: ${sentences.join("; ")}`);
  return new SealError(row.code, row.explain(target, operation, status), { cause });
}
