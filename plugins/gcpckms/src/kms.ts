// SPDX-License-Identifier: Apache-2.0
/** Encrypt and Decrypt of Cloud KMS, with their checksums both ways, cancelled by the caller's signal, tried again. */
import type { protos } from "@google-cloud/kms";
import type { Settings } from "./config.ts";
import { crc32c } from "./crc32c.ts";
import { abandoned, damaged, incomplete, type Target, targetOf } from "./errors.ts";
import type { Failure, Operation } from "./failure.ts";
import { isVersionName } from "./names.ts";
import { refused } from "./refusals.ts";
import { withRetries } from "./retries.ts";
import { clientOf, loadLibrary } from "./sdk.ts";

type Encrypted = protos.google.cloud.kms.v1.IEncryptResponse;
type Decrypted = protos.google.cloud.kms.v1.IDecryptResponse;
type Checksum = protos.google.protobuf.IInt64Value | null | undefined;

/** One call of the library's, as `KeyManagementServiceClient.innerApiCalls` has them. */
type ApiCall<Response> = (request: object, options: object) => Promise<[Response, ...unknown[]]>;

/** As much of Cloud KMS as the seal uses. `key` is a key's name within the settings' key ring. */
export interface KeyService {
  /** Encrypts, with the key's primary version. Answers that version's name. */
  encrypt(
    key: string,
    plaintext: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly keyId: string; readonly ciphertext: Uint8Array }>;
  /** Decrypts, with the version that the ciphertext names. */
  decrypt(key: string, ciphertext: Uint8Array, aad: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array>;
  /** Ends the calls that are under way. */
  close(): Promise<void>;
}

function failureIn(error: unknown): Failure {
  if (!(error instanceof Error)) return { status: undefined, details: "", reason: undefined };
  const { code, details, reason } = error as Error & { code?: unknown; details?: unknown; reason?: unknown };
  return {
    status: typeof code === "number" ? code : undefined,
    details: typeof details === "string" && details !== "" ? details : error.message,
    reason: typeof reason === "string" ? reason : undefined,
  };
}

function bytesIn(value: Uint8Array | string | null | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length > 0 ? value : undefined;
}

/** Whether `checksum` is that of `bytes`. Emulators may give none. */
function fits(bytes: Uint8Array, checksum: Checksum): boolean {
  return checksum?.value == null || Number(checksum.value) === crc32c(bytes);
}

/** Loads the library and makes ready to ask; asks nothing yet. */
export async function openKeyService(settings: Settings): Promise<KeyService> {
  const client = clientOf(await loadLibrary(), settings);
  const closing = new AbortController();
  const ask = async <Response>(
    operation: Operation,
    target: Target,
    request: object,
    signal: AbortSignal,
  ): Promise<Response> => {
    try {
      // Left to the first call, a failure here would go unhandled, which ends the process.
      await client.initialize();
      // Not the method of the client itself: that one can be told, by a variable, to log each request, data key and all.
      const call = client.innerApiCalls[operation] as ApiCall<Response>;
      const headers = { "x-goog-request-params": `name=${encodeURIComponent(target.key)}` };
      const [response] = await call({ name: target.key, ...request }, { retry: null, signal, otherArgs: { headers } });
      return response;
    } catch (error) {
      throw signal.aborted ? abandoned(target, signal.reason) : refused(target, operation, failureIn(error), error);
    }
  };

  const untilClosed = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]);

  return {
    encrypt(key, plaintext, callSignal) {
      const target = targetOf(settings, key);
      const signal = untilClosed(callSignal);
      const request = { plaintext, plaintextCrc32c: { value: crc32c(plaintext) } };
      return withRetries(async () => {
        const answer = await ask<Encrypted>("encrypt", target, request, signal);
        const ciphertext = bytesIn(answer.ciphertext);
        if (ciphertext === undefined || !answer.name || !isVersionName(answer.name)) throw incomplete(target);
        const isVerified = answer.verifiedPlaintextCrc32c === true || answer.ciphertextCrc32c == null;
        if (!isVerified || !fits(ciphertext, answer.ciphertextCrc32c)) throw damaged(target);
        return { keyId: answer.name, ciphertext };
      }, signal);
    },
    decrypt(key, ciphertext, aad, callSignal) {
      const target = targetOf(settings, key);
      const signal = untilClosed(callSignal);
      const request = {
        ciphertext,
        ciphertextCrc32c: { value: crc32c(ciphertext) },
        additionalAuthenticatedData: aad,
        additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
      };
      return withRetries(async () => {
        const answer = await ask<Decrypted>("decrypt", target, request, signal);
        const plaintext = bytesIn(answer.plaintext);
        if (plaintext === undefined) throw incomplete(target);
        if (!fits(plaintext, answer.plaintextCrc32c)) throw damaged(target);
        return plaintext;
      }, signal);
    },
    async close() {
      closing.abort();
      await client.close();
    },
  };
}
