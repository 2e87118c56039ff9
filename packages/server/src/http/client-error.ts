// SPDX-License-Identifier: Apache-2.0
/** What Node's HTTP parser cannot read, or not in time. */
import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { answered, ListRequests, type ParseError, responseOn } from "./list-method.ts";

interface Refusal {
  readonly status: string;
  readonly sentence: string;
}

const MALFORMED: Refusal = { status: "400 Bad Request", sentence: "the request is not valid HTTP" };
const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: "408 Request Timeout",
    sentence: "the request did not arrive in time (http_read_header_timeout, http_read_timeout)",
  },
  HPE_HEADER_OVERFLOW: {
    status: "431 Request Header Fields Too Large",
    sentence: "the request line and the headers together are longer than 16384 bytes",
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: "413 Payload Too Large",
    sentence: "the body's chunk extensions are too large",
  },
};

/** How long a refused client has to read why, before its connection is cut. */
const LINGER_MILLISECONDS = 500;

function text({ status, sentence }: Refusal, { rawPacket }: ParseError): string {
  // What answers a HEAD has no body.
  const body = rawPacket?.toString("latin1", 0, 5) === "HEAD " ? "" : JSON.stringify({ errors: [sentence] });
  const headers = `Connection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`;
}

/** Says why, after the answers to what came before on this connection, and ends the connection. */
async function refuse(error: ParseError, socket: Duplex): Promise<void> {
  await answered(socket);
  if (!socket.writable || responseOn(socket)?.headersSent) {
    socket.destroy();
    return;
  }
  const cut = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS);
  socket.once("close", () => clearTimeout(cut));
  socket.end(text(REFUSALS[error.code ?? ""] ?? MALFORMED, error));
  socket.resume();
}

/** Makes `server` understand LIST, and answer any other malformed or late request with one sentence. */
export function handleClientErrors(server: Server | SecureServer): void {
  const lists = new ListRequests(server);
  server.on("clientError", (error: ParseError, socket) => {
    if (lists.isGivenUp(socket) || lists.takeOver(error, socket)) return;
    void refuse(error, socket);
  });
}
