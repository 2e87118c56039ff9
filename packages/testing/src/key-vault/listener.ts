// SPDX-License-Identifier: Apache-2.0
/** A small JSON server on the loopback that can be down or slow on command. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Certificate } from "../certificates.ts";

/** A request, read to its end. */
export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An answer. Without a body none is sent. */
export interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server that runs. */
export interface Listener {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string;
  /** Stops listening and cuts what is open. */
  offline(): Promise<void>;
  /** Listens again, on the same port. */
  online(): Promise<void>;
  /** From now on every answer waits as many milliseconds; 0 ends that. */
  slow(milliseconds: number): void;
}

async function read(request: IncomingMessage, scheme: string): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { method = "", url = "/", headers } = request;
  // As the client knows this server: there may be a proxy before it.
  return {
    method,
    url: new URL(`${scheme}://${headers.host}${url}`),
    headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

/** Serves `handle` on a free port; with a certificate over TLS. */
export async function listen(
  handle: (request: Request) => Promise<Reply>,
  certificate?: Certificate,
): Promise<Listener> {
  const scheme = certificate === undefined ? "http" : "https";
  let delay = 0;
  const answer: RequestListener = (incoming, response) => {
    const work = async (): Promise<void> => {
      const { status, body, headers } = await handle(await read(incoming, scheme));
      if (delay > 0) await pause(delay, undefined, { ref: false });
      const type = body === undefined ? {} : { "Content-Type": "application/json; charset=utf-8" };
      response.writeHead(status, { ...type, ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    // A client that went away, or a fault of this server: either way there is no answer.
    work().catch(() => response.destroy());
  };
  const server: Server = certificate === undefined ? createServer(answer) : createSecureServer(certificate, answer);

  const open = async (port: number): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await open(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    async offline() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
    online: () => open(port),
    slow(milliseconds) {
      delay = milliseconds;
    },
  };
}
