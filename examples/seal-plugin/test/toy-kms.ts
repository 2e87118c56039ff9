// SPDX-License-Identifier: Apache-2.0
/** A KMS over HTTP for these tests: keys with versions, a token, and statuses on demand. Take your KMS's emulator instead. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A running KMS. */
export interface ToyKms {
  readonly address: string;
  readonly token: string;
  /** How many requests have come in. */
  readonly requests: number;
  /** A new version of `keyName`, which is made if it is not there. */
  rotate(keyName: string): void;
  /** From now on every request is answered with this status, or as it should be with undefined. */
  answerWith(status: number | undefined): void;
  stop(): Promise<void>;
}

function encrypt(key: Buffer, plaintext: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The plaintext, or undefined for what this key did not encrypt. */
function decrypt(key: Buffer, sealed: Buffer): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

type Answer = readonly [status: number, body: object];
type Body = { readonly plaintext?: string; readonly wrapped?: string; readonly version?: number };

/** Starts a KMS with one version of the key `keyName` on a free port of the loopback. */
export async function startToyKms(keyName: string): Promise<ToyKms> {
  const token = randomBytes(16).toString("hex");
  const keys = new Map<string, Buffer[]>();
  let status: number | undefined;
  let requests = 0;

  const rotate = (name: string): void => {
    keys.set(name, [...(keys.get(name) ?? []), randomBytes(32)]);
  };
  rotate(keyName);

  const wrap = (versions: readonly Buffer[], { plaintext = "" }: Body): Answer => {
    const wrapped = encrypt(versions.at(-1)!, Buffer.from(plaintext, "base64"));
    return [200, { version: versions.length, wrapped: wrapped.toString("base64") }];
  };

  const unwrap = (versions: readonly Buffer[], { wrapped = "", version = 0 }: Body): Answer => {
    const key = versions[version - 1];
    if (key === undefined) return [404, {}];
    const plaintext = decrypt(key, Buffer.from(wrapped, "base64"));
    return plaintext === undefined ? [400, {}] : [200, { plaintext: plaintext.toString("base64") }];
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    requests++;
    const body = (await json(request)) as Body;
    if (status !== undefined) return [status, {}];
    if (request.headers.authorization !== `Bearer ${token}`) return [401, {}];
    const [, , name = "", operation] = (request.url ?? "").split("/");
    const versions = keys.get(name);
    if (versions === undefined) return [404, {}];
    return operation === "wrap" ? wrap(versions, body) : unwrap(versions, body);
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void answer(request).then(([code, body]) => {
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    address: `http://127.0.0.1:${port}`,
    token,
    get requests() {
      return requests;
    },
    rotate,
    answerWith: (next) => {
      status = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
