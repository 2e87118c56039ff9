// SPDX-License-Identifier: Apache-2.0
/**
 * Vault's clients may send the verb LIST, which Node's HTTP parser does not know and reports as a client error. Such a
 * request is fed again, to a fresh parser, as the `GET …?list=true` that it means; the connection closes after it.
 */
import type { Server } from "node:http";
import { Duplex } from "node:stream";

const REQUEST_LINE = /^LIST ([^ \r\n]+) (HTTP\/1\.[01])\r\n/;

/** What Node tells of a request that its parser refused. */
interface ParseError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** The bytes of the `GET` that a packet beginning with `LIST` means, or undefined for any other packet. */
export function listAsGet(packet: Buffer): Buffer | undefined {
  const head = REQUEST_LINE.exec(packet.toString("latin1"));
  const [line, target, version] = head ?? [];
  if (line === undefined || target === undefined) return undefined;
  const query = target.includes("?") ? "&" : "?";
  const start = `GET ${target}${query}list=true ${version}\r\nConnection: close\r\n`;
  return Buffer.concat([Buffer.from(start, "latin1"), packet.subarray(line.length)]);
}

/** Takes the socket away from the parser that gave up on it, and gives a stream that begins with `first`. */
function replay(socket: Duplex, first: Buffer): Duplex {
  socket.removeAllListeners();
  const stream = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  const { remoteAddress } = socket as { remoteAddress?: string };
  Object.defineProperty(stream, "remoteAddress", { value: remoteAddress });
  stream.push(first);
  socket.on("data", (chunk: Buffer) => stream.push(chunk));
  socket.on("end", () => stream.push(null));
  socket.on("close", () => stream.destroy());
  socket.on("error", () => stream.destroy());
  return stream;
}

/** Lets `server` understand LIST. Any other malformed request is answered with 400 and the connection closed. */
export function acceptListMethod(server: Server): void {
  server.on("clientError", (error: ParseError, socket) => {
    const request =
      error.code === "HPE_INVALID_METHOD" && error.rawPacket !== undefined ? listAsGet(error.rawPacket) : undefined;
    if (request !== undefined) {
      server.emit("connection", replay(socket, request));
    } else if (socket.writable) {
      const status = error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "408 Request Timeout" : "400 Bad Request";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    } else {
      socket.destroy();
    }
  });
}
