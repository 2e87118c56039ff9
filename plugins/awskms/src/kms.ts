// SPDX-License-Identifier: Apache-2.0
/**
 * The two requests to KMS, by the AWS SDK. This file is what loads the SDK, so it is imported when a seal is opened.
 */
import { DecryptCommand, EncryptCommand, KMSClient, KMSServiceException } from "@aws-sdk/client-kms";
import { isLoopback, isSealError, type SealEnvironment, type SealError } from "@sealwright/seal";
import type { Settings } from "./config.ts";
import { credentialsFor } from "./credentials.ts";
import { type Action, abandoned, garbled, keyNamed, kmsAt, noSuchKey, notMade, type Request } from "./errors.ts";
import { isKeyName, keyAddressedIn } from "./key-id.ts";
import { refused } from "./refusals.ts";
import { regionOf } from "./region.ts";
import { isConnectionError, unreachable } from "./unreachable.ts";

/** With the SDK's own pauses in between: jittered, growing, longer when KMS throttles. */
const ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const ALGORITHM = "SYMMETRIC_DEFAULT";

/**
 * A way to KMS. Calls reject with a `SealError`, with `SEAL_TIMEOUT` when their signal aborts, which ends the request.
 */
export interface Kms {
  /** Encrypts up to 4,096 bytes under `key`. Answers KMS's ciphertext and the ARN of the key that made it. */
  encrypt(
    key: string,
    plaintext: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly keyId: string; readonly wrappedKey: Uint8Array }>;
  /** Decrypts what `key` made, or where that is undefined, what the key made that the ciphertext names by itself. */
  decrypt(key: string | undefined, ciphertext: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array>;
  /** Ends the requests that are under way. */
  close(): void;
}

/** The HTTP status of the answer that the SDK threw `error` over; undefined where none came. */
function statusOf(error: Error): number | undefined {
  return "$metadata" in error ? (error as KMSServiceException).$metadata.httpStatusCode : undefined;
}

/** What a rejected request comes to. */
function failureOf(request: Request, error: unknown, signal: AbortSignal): SealError {
  if (isSealError(error)) return error;
  if (signal.aborted) return abandoned(request, signal.reason);
  if (!(error instanceof Error)) return notMade(request, error);
  if (isConnectionError(error)) return unreachable(`${kmsAt(request)}, which has the ${keyNamed(request.key)},`, error);
  const status = statusOf(error);
  if (status === undefined) return notMade(request, error);
  if (error instanceof KMSServiceException && error.name !== "Unknown") {
    return refused(request, { name: error.name, status, message: error.message });
  }
  // What KMS did not word has no error's name, and none of its text may go on: it may hold key bytes.
  if (status === 429 || status >= 500) return refused(request, { name: "no name", status, message: "no words of KMS" });
  return garbled(request, status);
}

/** A way to KMS with these settings. Touches no network by itself. */
export function openKms(settings: Settings, env: SealEnvironment): Kms {
  const { endpoint, encryptionContext } = settings;
  const closing = new AbortController();
  const region = regionOf(settings, env);
  // Node's agents know HTTPS_PROXY and NO_PROXY where they are told to look, and would have no exception for loopback.
  const agent = endpoint !== undefined && isLoopback(endpoint) ? {} : { proxyEnv: process.env };
  const client = new KMSClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: credentialsFor(settings.credentials),
    maxAttempts: ATTEMPTS,
    retryMode: "standard",
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, httpAgent: agent, httpsAgent: agent },
  });
  const context = encryptionContext === undefined ? {} : { EncryptionContext: encryptionContext };

  const ask = async <Answer>(
    action: Action,
    key: string | undefined,
    callSignal: AbortSignal | undefined,
    send: (request: Request, signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> => {
    const signal = callSignal === undefined ? closing.signal : AbortSignal.any([closing.signal, callSignal]);
    const request: Request = { action, key, region: await region(), endpoint };
    try {
      return await send(request, signal);
    } catch (error) {
      throw failureOf(request, error, signal);
    }
  };

  return {
    encrypt: (key, plaintext, callSignal) =>
      ask("kms:Encrypt", key, callSignal, async (request, abortSignal) => {
        const input = { KeyId: key, Plaintext: plaintext, EncryptionAlgorithm: ALGORITHM, ...context } as const;
        const { KeyId, CiphertextBlob, $metadata } = await client.send(new EncryptCommand(input), { abortSignal });
        if (KeyId === undefined || CiphertextBlob === undefined) throw garbled(request, $metadata.httpStatusCode);
        return { keyId: KeyId, wrappedKey: CiphertextBlob };
      }),
    decrypt: (key, ciphertext, callSignal) =>
      ask("kms:Decrypt", key, callSignal, async (request, abortSignal) => {
        if (key !== undefined && !isKeyName(key)) throw noSuchKey(request);
        const KeyId = key === undefined ? {} : { KeyId: keyAddressedIn(request.region, key) };
        const input = { ...KeyId, CiphertextBlob: ciphertext, EncryptionAlgorithm: ALGORITHM, ...context } as const;
        const { Plaintext, $metadata } = await client.send(new DecryptCommand(input), { abortSignal });
        if (Plaintext === undefined) throw garbled(request, $metadata.httpStatusCode);
        return Plaintext;
      }),
    close() {
      closing.abort();
      client.destroy();
    },
  };
}
