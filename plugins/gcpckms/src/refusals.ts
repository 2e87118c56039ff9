// SPDX-License-Identifier: Apache-2.0
/**
 * From the gRPC status of a failed call to a code, a sentence that names key and location, and what to try. What the
 * service said goes into `cause` alone, for the log: a message never quotes it. The codes and what they mean:
 * cloud.google.com/kms/docs/reference/rpc, google.rpc.Code, and google.api.ErrorReason.
 */
import { SealError } from "@sealwright/seal";
import { EMULATORS } from "./emulators.ts";
import { notOpened, type Target } from "./errors.ts";
import { type Failure, GRPC, type Operation, type Row } from "./failure.ts";
import { adviseOnConnection, whyUnreachable } from "./unreachable.ts";

const PERMISSION: Readonly<Record<Operation, string>> = {
  encrypt: "cloudkms.cryptoKeyVersions.useToEncrypt",
  decrypt: "cloudkms.cryptoKeyVersions.useToDecrypt",
};
const NO_CONNECTION = /No connection|Name resolution|[Cc]onnection|connect|TLS|EPROTO|ECONN|socket/;
const ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter";

const wrongPurpose = ({ key }: Target): string =>
  `the key ${key} cannot encrypt and decrypt: it has another purpose, or no primary version`;
const adviseOnPurpose = (): string => "name a key with the purpose ENCRYPT_DECRYPT";

/** The first row that fits counts. */
const ROWS: readonly Row[] = [
  ...EMULATORS,
  {
    says: /Could not load the default credentials|Unable to find credentials|GOOGLE_APPLICATION_CREDENTIALS/,
    code: "SEAL_DENIED",
    explain: ({ key }) => `there are no credentials to use the key ${key} with`,
    advise: () => "set credentials or GOOGLE_APPLICATION_CREDENTIALS, or run where a service account is attached",
  },
  {
    says: /(plugin failed|token|credential|metadata).*(ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|socket hang up|timeout)/is,
    code: "SEAL_UNAVAILABLE",
    explain: ({ key }) => `no access token for the key ${key} could be fetched: its issuer is not reached`,
    advise: () => "look at the way to oauth2.googleapis.com, or to the metadata server",
  },
  {
    says: /plugin failed|invalid_grant|invalid_client/,
    code: "SEAL_DENIED",
    explain: ({ key }) =>
      `no access token for the key ${key} was given: the credentials are revoked or expired, or this machine's clock is off`,
    advise: () => "make new credentials, or correct the clock",
  },
  {
    status: GRPC.UNAUTHENTICATED,
    code: "SEAL_DENIED",
    explain: ({ key, host }) =>
      `${host} does not take the credentials for the key ${key}: they are expired, revoked or of a deleted account, or ` +
      "this machine's clock is off",
    advise: () => "correct the clock, or make new credentials",
  },
  {
    status: GRPC.PERMISSION_DENIED,
    says: /SERVICE_DISABLED|has not been used in project|API .*disabled/,
    code: "SEAL_DENIED",
    explain: ({ key, project }) =>
      `the Cloud KMS API is not enabled in the project ${project}, which has the key ${key}`,
    advise: ({ project }) => `run gcloud services enable cloudkms.googleapis.com --project ${project}`,
  },
  {
    says: /BILLING_DISABLED/,
    code: "SEAL_DENIED",
    explain: ({ key, project }) => `the project ${project}, which has the key ${key}, has no billing account`,
    advise: () => "enable billing for the project",
  },
  {
    status: GRPC.PERMISSION_DENIED,
    says: /SECURITY_POLICY_VIOLATED|VPC Service Controls/,
    code: "SEAL_DENIED",
    explain: ({ key }) => `a VPC Service Controls perimeter keeps this machine from the key ${key}`,
    advise: () => "let this machine, or its account, into the perimeter",
  },
  {
    status: GRPC.PERMISSION_DENIED,
    code: "SEAL_DENIED",
    explain: ({ key }, operation) =>
      `${PERMISSION[operation]} on ${key} is denied to the credentials in use, or there is no such key`,
    advise: () => `grant ${ROLE} on the key, or correct project, region, key_ring and crypto_key`,
  },
  {
    status: GRPC.NOT_FOUND,
    says: /concerns location|[Ll]ocation .*(not found|not available|does not exist)/,
    code: "SEAL_KEY_MISSING",
    explain: ({ key, region, host }) => `${host} has no location ${region}, where the key ${key} should be`,
    advise: () => "correct region, or an endpoint that serves another one only",
  },
  {
    status: GRPC.NOT_FOUND,
    code: "SEAL_KEY_MISSING",
    explain: ({ key, region }) =>
      `there is no key ${key}: the project, the key ring or the key is not there in ${region}`,
    advise: () => "correct project, region, key_ring and crypto_key",
  },
  {
    status: GRPC.FAILED_PRECONDITION,
    says: /DESTROY_SCHEDULED/,
    code: "SEAL_KEY_DISABLED",
    explain: ({ key }) => `the version of the key ${key} that is needed is scheduled for destruction`,
    advise: () => "restore the version now, then enable it: once destroyed, it does not come back",
  },
  {
    status: GRPC.FAILED_PRECONDITION,
    says: /DESTROYED/,
    code: "SEAL_KEY_MISSING",
    explain: ({ key }) => `the version of the key ${key} that is needed was destroyed`,
    advise: () => "make another version primary to wrap; nothing else opens what this one wrapped",
  },
  {
    status: GRPC.FAILED_PRECONDITION,
    says: /DISABLED|not enabled|PENDING_/,
    code: "SEAL_KEY_DISABLED",
    explain: ({ key }) => `the version of the key ${key} that is needed is disabled`,
    advise: () => "enable the version",
  },
  {
    status: GRPC.FAILED_PRECONDITION,
    code: "SEAL_CONFIG",
    explain: wrongPurpose,
    advise: adviseOnPurpose,
  },
  {
    status: GRPC.INVALID_ARGUMENT,
    says: /checksum/i,
    code: "SEAL_UNAVAILABLE",
    explain: ({ key, host }) =>
      `${host} got something else about the key ${key} than was sent: it was damaged on the way`,
    advise: () => "it is tried again; if it stays, look at the proxy in between, or the memory of this machine",
  },
  {
    status: GRPC.INVALID_ARGUMENT,
    says: /purpose/i,
    code: "SEAL_CONFIG",
    explain: wrongPurpose,
    advise: adviseOnPurpose,
  },
  {
    status: GRPC.INVALID_ARGUMENT,
    operation: "decrypt",
    code: "SEAL_BAD_CIPHERTEXT",
    explain: notOpened,
  },
  {
    status: GRPC.RESOURCE_EXHAUSTED,
    code: "SEAL_THROTTLED",
    explain: ({ key, project }) =>
      `Cloud KMS takes no more requests for the key ${key} now: a quota of ${project} is used up`,
    advise: () => "raise the quota of cryptographic requests if this stays",
  },
  {
    status: GRPC.DEADLINE_EXCEEDED,
    code: "SEAL_TIMEOUT",
    explain: ({ key, host }) => `${host} did not answer in time about the key ${key}`,
  },
  {
    status: GRPC.UNIMPLEMENTED,
    code: "SEAL_UNAVAILABLE",
    explain: ({ key, host }) => `what answers at ${host} about the key ${key} is no Cloud KMS`,
    advise: () => "correct endpoint, or look at the proxy in between",
  },
  {
    status: GRPC.UNAVAILABLE,
    says: NO_CONNECTION,
    code: "SEAL_UNAVAILABLE",
    explain: ({ key, host }, _operation, details) =>
      `${host}, which has the key ${key}, is not reached: ${whyUnreachable(details)}`,
    advise: (_target, details) => adviseOnConnection(details),
  },
  {
    code: "SEAL_UNAVAILABLE",
    explain: ({ key, host }, operation) => `${host} failed to ${operation} with the key ${key}`,
    advise: () => "see the cause in the log, and status.cloud.google.com if this stays",
  },
];

/** The error for a call that failed. `cause` is what Google's library threw. */
export function refused(target: Target, operation: Operation, failure: Failure, cause: unknown): SealError {
  const { status, details, reason = "" } = failure;
  const said = `${reason} ${details}`;
  const row = ROWS.find(
    (each) =>
      (each.status === undefined || each.status === status) &&
      (each.operation === undefined || each.operation === operation) &&
      (each.says === undefined || each.says.test(said)),
  );
  if (row === undefined) throw new Error("the last row fits everything");
  const advice = row.advise?.(target, details);
  return new SealError(row.code, row.explain(target, operation, details), {
    cause,
    ...(advice === undefined ? {} : { advice }),
  });
}
