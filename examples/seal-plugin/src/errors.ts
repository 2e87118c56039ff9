// SPDX-License-Identifier: Apache-2.0
/** From what the KMS refuses to a code of the contract: an outage, a denial, an absence and tampering are told apart. */
import { quotedKeyId, SealError, type SealErrorCode } from "@sealwright/seal";
import { KmsError } from "./client.ts";

/** What a call was about, for messages. Nothing in it is secret. */
export interface Call {
  readonly operation: "wrap" | "unwrap";
  readonly address: string;
  /** The key's name and version, or the name alone where the KMS chooses the version. */
  readonly key: string;
}

interface Row {
  readonly code: SealErrorCode;
  says(call: Call): string;
}

/** The statuses that this KMS answers with. */
const BY_STATUS: Readonly<Record<number, Row>> = {
  400: { code: "SEAL_BAD_CIPHERTEXT", says: ({ key }) => `the key ${key} did not wrap this, or it was altered` },
  401: { code: "SEAL_DENIED", says: () => "the token is not valid" },
  403: { code: "SEAL_DENIED", says: ({ operation, key }) => `the token may not ${operation} with the key ${key}` },
  404: { code: "SEAL_KEY_MISSING", says: ({ key }) => `there is no key ${key}` },
  409: { code: "SEAL_KEY_DISABLED", says: ({ key }) => `the key ${key} is disabled` },
  429: { code: "SEAL_THROTTLED", says: () => "it asks for fewer requests" },
};

const OUTAGE: Row = { code: "SEAL_UNAVAILABLE", says: ({ operation, key }) => `no answer to ${operation} with ${key}` };

/** What `cause`, which the client threw in `call`, is as an error of the contract. */
export function toSealError(cause: unknown, call: Call): SealError {
  const status = cause instanceof KmsError ? cause.status : undefined;
  const { code, says } = (status === undefined ? undefined : BY_STATUS[status]) ?? OUTAGE;
  return new SealError(code, `the KMS at ${call.address}: ${says(call)}`, { cause });
}

/** The blob's key id is none of this seal's. */
export function notOurs(keyId: string): SealError {
  return new SealError(
    "SEAL_BAD_CIPHERTEXT",
    `this names the key ${quotedKeyId(keyId)}, so no toykms seal wrapped it, or it was altered`,
  );
}
