// SPDX-License-Identifier: Apache-2.0
/**
 * From what KMS refuses to a code, a sentence that names action, key and region, and what to do. What KMS said goes
 * into `cause` alone, for the log. The names are those of the KMS API reference and of the errors common to all AWS
 * services.
 */
import { SealError, type SealErrorCode } from "@sealwright/seal";
import { keyNamed, kmsAt, type Request } from "./errors.ts";
import { regionIn } from "./key-id.ts";

/** A refusal as it came. */
export interface Refusal {
  /** The error's name, such as `DisabledException`. */
  readonly name: string;
  /** The HTTP status. */
  readonly status: number;
  readonly message: string;
}

interface Row {
  readonly names: readonly string[] | "5xx" | 429 | "any";
  /** What the message must match; anything does where left out. */
  readonly says?: RegExp;
  readonly code: SealErrorCode;
  explain(request: Request, refusal: Refusal): string;
  advise?(request: Request): string;
}

const THROTTLED = [
  "ThrottlingException",
  "Throttling",
  "ThrottledException",
  "RequestLimitExceeded",
  "RequestThrottledException",
  "LimitExceededException",
  "TooManyRequestsException",
  "SlowDown",
];
const SIGNATURE = ["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"];
const SKEWED = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"];

const tooManyRequests: Omit<Row, "names"> = {
  code: "SEAL_THROTTLED",
  explain: (at) => `${kmsAt(at)} takes no more requests now, ${at.action} with the ${keyNamed(at.key)} among them`,
  advise: (at) =>
    `it is tried again after a pause; if this stays, ask for a larger quota of KMS requests in ${at.region}`,
};
const skewed: Omit<Row, "names" | "says"> = {
  code: "SEAL_DENIED",
  explain: (at) => `${kmsAt(at)} refuses ${at.action} with the ${keyNamed(at.key)}: this machine's clock is wrong`,
  advise: () => "set the clock, best by NTP: a signature is valid for five minutes",
};

/** The first row that fits counts. */
const REFUSALS: readonly Row[] = [
  { names: THROTTLED, ...tooManyRequests },
  {
    names: ["AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation"],
    code: "SEAL_DENIED",
    explain: (at) => `${kmsAt(at)} denies ${at.action} on the ${keyNamed(at.key)} to these credentials`,
    advise: (at) => `allow ${at.action} on that key in the policy of the role or user, and in the key's own policy`,
  },
  {
    names: ["ExpiredTokenException", "ExpiredToken"],
    code: "SEAL_DENIED",
    explain: (at) => `${kmsAt(at)} refuses ${at.action} with the ${keyNamed(at.key)}: the credentials have expired`,
    advise: () => "renew the session token, or use credentials that renew themselves, such as an instance's role",
  },
  {
    names: ["UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken"],
    code: "SEAL_DENIED",
    explain: (at) =>
      `${kmsAt(at)} refuses ${at.action} with the ${keyNamed(at.key)}: it does not know the access key or session token`,
    advise: () => "check that the access key is there and active, and that it belongs to the partition of the region",
  },
  { names: SKEWED, ...skewed },
  { names: SIGNATURE, says: /expired|not yet current/i, ...skewed },
  {
    names: SIGNATURE,
    code: "SEAL_DENIED",
    explain: (at) =>
      `${kmsAt(at)} refuses ${at.action} with the ${keyNamed(at.key)}: the request's signature is not right`,
    advise: () => "check the secret key, and that no proxy alters requests",
  },
  {
    names: ["OptInRequired", "SubscriptionRequiredException"],
    code: "SEAL_DENIED",
    explain: (at) =>
      `${kmsAt(at)} refuses ${at.action} with the ${keyNamed(at.key)}: the account may not use KMS there`,
    advise: (at) => `enable ${at.region} for the account`,
  },
  {
    names: ["NotFoundException"],
    code: "SEAL_KEY_MISSING",
    explain(at) {
      const home = at.key === undefined ? undefined : regionIn(at.key);
      const elsewhere = home !== undefined && home !== at.region;
      return `${kmsAt(at)} has no ${keyNamed(at.key)}${elsewhere ? `, which is one of ${home}` : ""}`;
    },
    advise: (at) =>
      at.action === "kms:Encrypt"
        ? "correct kms_key_id, region or the account of the credentials"
        : "correct region or the account of the credentials, or bring that key back",
  },
  {
    names: ["DisabledException"],
    code: "SEAL_KEY_DISABLED",
    explain: (at) => `the ${keyNamed(at.key)} of ${kmsAt(at)} is disabled`,
    advise: () => "enable it: aws kms enable-key",
  },
  {
    names: ["KMSInvalidStateException"],
    says: /deletion/i,
    code: "SEAL_KEY_DISABLED",
    explain: (at) => `the ${keyNamed(at.key)} of ${kmsAt(at)} is scheduled for deletion`,
    advise: () => "act before it is gone for ever: aws kms cancel-key-deletion, then aws kms enable-key",
  },
  {
    names: ["KMSInvalidStateException"],
    says: /import/i,
    code: "SEAL_KEY_DISABLED",
    explain: (at) => `the ${keyNamed(at.key)} of ${kmsAt(at)} waits for its key material to be imported`,
    advise: () => "import it, the same as before if it had expired",
  },
  {
    names: ["KMSInvalidStateException"],
    code: "SEAL_KEY_DISABLED",
    explain: (at) => `the ${keyNamed(at.key)} of ${kmsAt(at)} is in a state in which it does not serve ${at.action}`,
    advise: () => "see its state and that of its key store: aws kms describe-key",
  },
  {
    names: ["IncorrectKeyException"],
    code: "SEAL_BAD_CIPHERTEXT",
    explain: (at) => `the ${keyNamed(at.key)} of ${kmsAt(at)} did not wrap this: another key did, or it was altered`,
  },
  {
    names: ["InvalidCiphertextException"],
    code: "SEAL_BAD_CIPHERTEXT",
    explain: (at) => `the ${keyNamed(at.key)} of ${kmsAt(at)} does not open this`,
    advise: () => "it was altered, or wrapped under another encryption_context",
  },
  {
    names: ["InvalidKeyUsageException", "UnsupportedOperationException", "InvalidArnException"],
    code: "SEAL_CONFIG",
    explain: (at) => `the ${keyNamed(at.key)} of ${kmsAt(at)} is of a kind that cannot seal`,
    advise: () => "name a symmetric key (SYMMETRIC_DEFAULT) for encryption and decryption",
  },
  {
    names: ["InvalidGrantTokenException"],
    code: "SEAL_DENIED",
    explain: (at) => `${kmsAt(at)} refuses ${at.action} with the ${keyNamed(at.key)}: the grant is not valid`,
  },
  {
    names: ["KeyUnavailableException", "KMSInternalException", "DependencyTimeoutException"],
    code: "SEAL_UNAVAILABLE",
    explain: (at, { name }) => `${kmsAt(at)} cannot use the ${keyNamed(at.key)} now (${name})`,
    advise: () => "it is tried again; see the AWS health page, and the key store where the key is in one of its own",
  },
  { names: 429, ...tooManyRequests },
  {
    names: "5xx",
    code: "SEAL_UNAVAILABLE",
    explain: (at, { status }) =>
      `${kmsAt(at)} answered ${at.action} with the ${keyNamed(at.key)} with status ${status}`,
    advise: () => "it is tried again; see the AWS health page, or the log of the proxy in between",
  },
  {
    names: "any",
    code: "SEAL_CONFIG",
    explain: (at, { status }) => `${kmsAt(at)} refused ${at.action} with the ${keyNamed(at.key)} with status ${status}`,
    advise: () => "check kms_key_id, region and endpoint",
  },
];

function fits(row: Row, { name, status, message }: Refusal): boolean {
  if (row.says !== undefined && !row.says.test(message)) return false;
  if (row.names === "any") return true;
  if (row.names === "5xx") return status >= 500;
  return row.names === 429 ? status === 429 : row.names.includes(name);
}

/** The error for an answer that is a refusal. */
export function refused(request: Request, refusal: Refusal): SealError {
  const row = REFUSALS.find((each) => fits(each, refusal));
  if (row === undefined) throw new Error("the last row fits everything");
  const cause = new Error(`${refusal.name} (status ${refusal.status}): ${refusal.message}`);
  const advice = row.advise?.(request);
  return new SealError(row.code, row.explain(request, refusal), { cause, ...(advice === undefined ? {} : { advice }) });
}
