// SPDX-License-Identifier: Apache-2.0
/** An HTTP server that answers what a test tells it, for answers that no server of ours gives. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StubRemote {
  readonly address: string;
  readonly received: Received[];
  reply: Reply | ((request: Received) => Reply);
  stop(): Promise<void>;
}

/** With `tls` it speaks HTTPS. */
export async function startStub(tls?: ServerOptions): Promise<StubRemote> {
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const call = { path: request.url ?? "", headers: request.headers, body: JSON.parse(text || "null") as unknown };
    stub.received.push(call);
    const { status, body = "", headers } = typeof stub.reply === "function" ? stub.reply(call) : stub.reply;
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stub: StubRemote = {
    address: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    received: [],
    reply: { status: 204 },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return stub;
}

/** A ciphertext that looks like one of version `version`. */
export function textOf(version: number): string {
  return `vault:v${version}:${Buffer.alloc(60, version).toString("base64")}`;
}
