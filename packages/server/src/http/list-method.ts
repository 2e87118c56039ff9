// SPDX-License-Identifier: Apache-2.0
/**
 * Vault's clients may send the verb LIST, which Node's HTTP parser does not know. It gives up at the S, since LINK is the
 * only verb it knows that begins so. What is left of the request then goes to a fresh parser as a POST, a verb of the
 * same end, and is called LIST again when it arrives.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

const BEGINNING = "LI";
const STAND_IN = "PO";
const REFUSED_AT = "S".charCodeAt(0);

/** What Node tells of a request that its parser refused. */
export interface ParseError extends Error {
  readonly code?: string;
  /** The bytes that were being read. */
  readonly rawPacket?: Buffer;
  /** How many of them were understood. */
  readonly bytesParsed?: number;
}

/** The bytes to read instead where `error` is about a LIST, or undefined where it is about anything else. */
export function standIn({ code, rawPacket, bytesParsed = 0 }: ParseError): Buffer | undefined {
  if (code !== "HPE_INVALID_METHOD" || rawPacket?.[bytesParsed] !== REFUSED_AT) return undefined;
  // The beginning may have come in a packet of its own; where it is here, it must be that of LIST.
  const before = rawPacket.toString("latin1", Math.max(0, bytesParsed - BEGINNING.length), bytesParsed);
  if (!BEGINNING.endsWith(before)) return undefined;
  return Buffer.concat([Buffer.from(STAND_IN), rawPacket.subarray(bytesParsed)]);
}

/** A connection read anew: `first`, and then what `socket` goes on to receive. */
class Reread extends Duplex {
  readonly #socket: Socket;
  readonly #listeners: Readonly<Record<string, (chunk: Buffer) => void>>;
  #released = false;

  constructor(socket: Socket, first: Buffer) {
    super();
    this.#socket = socket;
    this.#listeners = {
      data: (chunk) => {
        if (!this.push(chunk)) socket.pause();
      },
      end: () => this.push(null),
      timeout: () => this.emit("timeout"),
      error: () => this.destroy(),
      close: () => this.destroy(),
    };
    // Those of the parser that gave up; its listener for "close" stays, to release what it holds.
    for (const event of ["data", "end", "drain", "timeout"]) socket.removeAllListeners(event);
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
    // What was set belonged to the time between two requests.
    socket.setTimeout(0);
    this.push(first);
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  setTimeout(milliseconds: number): this {
    this.#socket.setTimeout(milliseconds);
    return this;
  }

  /** Goes on with `first` in place of what its parser refused, in a stream that replaces this one. */
  restart(first: Buffer): Reread {
    const unread: unknown = this.read();
    this.#released = true;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#socket.off(event, listener);
    this.destroy();
    return new Reread(this.#socket, unread instanceof Buffer ? Buffer.concat([first, unread]) : first);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#released) this.#socket.destroy();
    done(error);
  }
}

/** Which response a connection is busy with. Node has no public name for it. */
export function responseOn(socket: Duplex): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** Resolves when the requests that came before on a connection have been answered. */
export async function answered(socket: Duplex): Promise<void> {
  for (let response = responseOn(socket); response?.req.complete; response = responseOn(socket)) {
    const current = response;
    await new Promise((resolve) => current.once("close", resolve));
  }
}

/** Feeds requests of the verb LIST to `server` again. */
export class ListRequests {
  readonly #server: Server | SecureServer;
  readonly #expected = new WeakSet<object>();
  readonly #givenUp = new WeakSet<object>();

  constructor(server: Server | SecureServer) {
    this.#server = server;
    server.prependListener("request", (request: IncomingMessage) => {
      if (this.#expected.delete(request.socket)) request.method = "LIST";
    });
  }

  /** Whether the parser that reported an error is one whose connection was given to another. */
  isGivenUp(socket: Duplex): boolean {
    return this.#givenUp.has(socket);
  }

  /** Takes over the connection on which `error` arose. Answers false, and does nothing, where it is not about LIST. */
  takeOver(error: ParseError, socket: Duplex): boolean {
    const first = this.#expected.has(socket) ? undefined : standIn(error);
    if (first === undefined) return false;
    this.#givenUp.add(socket);
    void this.#read(socket, first);
    return true;
  }

  async #read(socket: Duplex, first: Buffer): Promise<void> {
    const connection = await this.#connectionFrom(socket, first);
    if (connection.destroyed) return;
    this.#expected.add(connection);
    this.#server.emit(this.#server instanceof SecureServer ? "secureConnection" : "connection", connection);
  }

  /** The rest of what `socket` receives, when everything before has been answered. */
  async #connectionFrom(socket: Duplex, first: Buffer): Promise<Reread> {
    if (socket instanceof Reread) {
      // Its parser would lose what it is handed from here on.
      socket.pause();
      await answered(socket);
      return socket.restart(first);
    }
    // At once: only so does the parser that gave up get nothing more.
    const connection = new Reread(socket as Socket, first);
    await answered(socket);
    return connection;
  }
}
