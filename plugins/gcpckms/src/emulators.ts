// SPDX-License-Identifier: Apache-2.0
/** What emulators answer otherwise than Cloud KMS does, about ciphertexts that they cannot open. */
import { notOpened } from "./errors.ts";
import { GRPC, type Row } from "./failure.ts";

/** They stand in front of the rows for the service, and fit nothing that it is known to say. */
export const EMULATORS: readonly Row[] = [
  {
    // The service means a fault of its own by this status.
    status: GRPC.INTERNAL,
    operation: "decrypt",
    says: /authentication failed|decrypt|ciphertext/i,
    code: "SEAL_BAD_CIPHERTEXT",
    explain: notOpened,
  },
  {
    status: GRPC.FAILED_PRECONDITION,
    operation: "decrypt",
    says: /ciphertext/i,
    code: "SEAL_BAD_CIPHERTEXT",
    explain: notOpened,
  },
  {
    // Of the version that an altered ciphertext names. The service would name the key, or what it should be in.
    status: GRPC.NOT_FOUND,
    operation: "decrypt",
    says: /^(?!.*(projects\/|location|Requested entity))/s,
    code: "SEAL_BAD_CIPHERTEXT",
    explain: notOpened,
  },
];
