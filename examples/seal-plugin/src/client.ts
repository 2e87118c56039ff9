// SPDX-License-Identifier: Apache-2.0
/** Stands in for your KMS's SDK: a KMS over HTTP that wraps data keys. Take the SDK in its place. */
import * as z from "zod";

/** What the KMS refused, or why nothing of use came back. */
export class KmsError extends Error {
  override readonly name = "KmsError";
  /** The status of the answer; undefined where there was none, or it was not the KMS's. */
  readonly status: number | undefined;

  constructor(status: number | undefined, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** A data key under a key of the KMS. */
export interface WrappedKey {
  readonly version: number;
  readonly wrapped: Uint8Array;
}

/** The two calls that a seal needs. They reject with `KmsError`. */
export interface KmsClient {
  wrap(keyName: string, dataKey: Uint8Array, signal: AbortSignal | undefined): Promise<WrappedKey>;
  unwrap(keyName: string, key: WrappedKey, signal: AbortSignal | undefined): Promise<Uint8Array>;
}

const wrappedAnswer = z.object({ version: z.int(), wrapped: z.base64() });
const unwrappedAnswer = z.object({ plaintext: z.base64() });

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** A client for the KMS at `address`. Touches no network yet. */
export function connect(address: string, token: string): KmsClient {
  const ask = async (path: string, body: object, signal: AbortSignal | undefined): Promise<unknown> => {
    let response: Response;
    try {
      response = await fetch(`${address}/keys/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        redirect: "error",
        // Another one than the caller's, since fetch leaves listeners on what it is given.
        signal: signal === undefined ? null : AbortSignal.any([signal]),
      });
    } catch (cause) {
      throw new KmsError(undefined, "the KMS did not answer", { cause });
    }
    const answer = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    throw new KmsError(response.status, `the KMS answered with status ${response.status}`);
  };

  const read = <T>(schema: z.ZodType<T>, answer: unknown): T => {
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new KmsError(undefined, "what answered is not the KMS");
  };

  return {
    async wrap(keyName, dataKey, signal) {
      const answer = await ask(`${keyName}/wrap`, { plaintext: toBase64(dataKey) }, signal);
      const { version, wrapped } = read(wrappedAnswer, answer);
      return { version, wrapped: Buffer.from(wrapped, "base64") };
    },
    async unwrap(keyName, { version, wrapped }, signal) {
      const answer = await ask(`${keyName}/unwrap`, { version, wrapped: toBase64(wrapped) }, signal);
      return Buffer.from(read(unwrappedAnswer, answer).plaintext, "base64");
    },
  };
}
