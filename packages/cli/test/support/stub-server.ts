// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the stub saw it. */
export interface Seen {
  readonly method: string;
  /** Path and query as sent, without `/v1/`. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the stub answers: a status, and a body that is serialized unless it is a text. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/** `GET sys/seal-status` and so on to a reply, or to several that are given one after the other. */
export type Replies = Readonly<Record<string, Reply | readonly Reply[]>>;

/**
 * A STUB, not a server: it plays back what a test tells it to, over real HTTP on a free port of the loopback interface.
 * A request that no reply is set for gets 404 with `no reply set`.
 */
export class StubServer {
  readonly seen: Seen[] = [];
  #replies = new Map<string, Reply[]>();
  readonly #server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? "").replace(/^\/v1\//, "");
    const body = Buffer.concat(chunks).toString("utf8");
    this.seen.push({ method: request.method ?? "", path, headers: request.headers, body });
    const left = this.#replies.get(`${request.method} ${path}`) ?? [];
    const reply = left.length > 1 ? left.shift()! : (left[0] ?? { status: 404, body: { errors: ["no reply set"] } });
    const text =
      typeof reply.body === "string" ? reply.body : reply.body === undefined ? "" : JSON.stringify(reply.body);
    response.writeHead(reply.status, { "Content-Type": "application/json" }).end(text);
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Forgets what was seen and set, and sets these replies. */
  play(replies: Replies): void {
    this.seen.length = 0;
    this.#replies = new Map(Object.entries(replies).map(([route, reply]) => [route, [reply].flat() as Reply[]]));
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get address(): string {
    return `http://${this.host}`;
  }

  /** `METHOD path` of every request seen, in order. */
  get routes(): readonly string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`);
  }

  /** The JSON body of the last request with this route. */
  bodyOf(route: string): unknown {
    const found = this.seen.findLast(({ method, path }) => `${method} ${path}` === route);
    return found === undefined || found.body === "" ? undefined : JSON.parse(found.body);
  }
}
