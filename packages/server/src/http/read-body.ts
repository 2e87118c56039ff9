// SPDX-License-Identifier: Apache-2.0
/** A request's body, in memory and bounded. */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { HttpError } from "./problem.ts";

const NOTHING = Buffer.alloc(0);
/** For a client that is still sending what was refused already: how long it may go on until it is answered. */
const DRAIN_MILLISECONDS = 500;

const DECODERS: Readonly<Record<string, () => Readable & NodeJS.WritableStream>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The bytes of the body, decoded as its `Content-Encoding` says; empty where there is none. Throws 413 as soon as more
 * than `limit` bytes are announced, received or decoded, 415 for an unknown encoding, 400 for a body that ends early or
 * does not decode. After a refusal the rest of the body is thrown away.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> | Buffer {
  const { "content-length": length, "transfer-encoding": chunked } = request.headers;
  if (chunked === undefined && (length === undefined || length === "0")) return NOTHING;
  return receive(request, limit).catch(async (refusal: unknown) => {
    await drained(request);
    throw refusal;
  });
}

async function receive(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers["content-length"]) > limit) throw tooLarge(limit);
  return collect(request, decoded(request), limit);
}

function tooLarge(limit: number): HttpError {
  // It begins with the words of Go's HTTP server, which clients look for.
  return new HttpError(413, `http: request body too large: more than ${limit} bytes (max_request_size)`);
}

function decoded(request: IncomingMessage): Readable {
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity") return request;
  const create = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (create === undefined) throw new HttpError(415, "the body's Content-Encoding is none of gzip, deflate and br");
  return request.pipe(create());
}

function collect(request: IncomingMessage, source: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void): void => {
      source.removeAllListeners("data");
      if (source !== request) {
        request.unpipe();
        source.destroy();
      }
      finish();
    };
    source.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) settle(() => reject(tooLarge(limit)));
      else chunks.push(chunk);
    });
    source.once("end", () =>
      settle(() => resolve(chunks.length === 1 ? (chunks[0] ?? NOTHING) : Buffer.concat(chunks))),
    );
    const broken = () =>
      settle(() => reject(new HttpError(400, "the body was cut short, or is not encoded as it says")));
    source.once("error", broken);
    request.once("close", () => {
      if (!request.complete) broken();
    });
  });
}

/**
 * Resolves when the client has sent everything, is gone, or has had its time. Answering one that still sends would
 * close the connection under it, and it might never read why.
 */
function drained(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DRAIN_MILLISECONDS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.once("end", done);
    request.once("close", done);
    request.resume();
  });
}
