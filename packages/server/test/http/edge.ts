// SPDX-License-Identifier: Apache-2.0
/** A listener in front of a dispatcher that answers what it was asked, and a client that sends bytes as they are. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { parseDocument, readConfig } from "../../src/config/index.ts";
import type { ApiRequest, ApiResponse } from "../../src/http/api.ts";
import { type AppOptions, createApp } from "../../src/http/app.ts";
import { type Listening, listen } from "../../src/runtime/listen.ts";

export type Dispatch = (request: ApiRequest) => Promise<ApiResponse>;

/** Answers with the method, path, query and body that arrived. */
export const echo: Dispatch = async ({ method, path, query, text, token, remoteAddress }) => ({
  status: 200,
  json: JSON.stringify({ method, path, query: String(query), text, token, remoteAddress }),
});

/** The configuration of a listener on a free port; `lines` come on top. */
export function listenerConfig(lines: string) {
  const text = `storage "inmem" {}
listener "tcp" {
  address = "127.0.0.1:0"
  ${lines}
}
seal "static" {
  current_key_id = "test"
  current_key    = "${"0f".repeat(32)}"
}`;
  const [listener] = readConfig([parseDocument(text, "test.hcl")], {}).config.listener;
  if (listener === undefined) throw new Error("there is no listener");
  return listener;
}

export interface EdgeOptions extends Partial<AppOptions> {
  /** Lines of the listener block; plain HTTP unless they say otherwise. */
  readonly listener?: string;
}

/** Opens the listener. The caller closes it. */
export function openEdge({ listener = "tls_disable = true", ...options }: EdgeOptions = {}): Promise<Listening> {
  const config = listenerConfig(listener);
  const app = createApp({
    dispatch: echo,
    maxRequestSize: config.max_request_size,
    maxRequestDuration: config.max_request_duration,
    jsonLimits: { strings: config.max_request_json_strings, memory: config.max_request_json_memory },
    requireRequestHeader: config.require_request_header,
    rateLimits: { windowMilliseconds: 60_000, requests: 1_000, paths: [] },
    onFailure: () => undefined,
    ...options,
  });
  return listen(config, app, () => undefined);
}

/** One connection. */
export class Wire {
  readonly socket: Socket;
  #received = "";
  /** Resolves when the server has ended or cut the connection. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
    });
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once("end", resolve);
      socket.once("close", () => resolve());
    });
  }

  static async open(url: string): Promise<Wire> {
    const { protocol, hostname, port } = new URL(url);
    const to = { host: hostname, port: Number(port), allowHalfOpen: true };
    const secure = protocol === "https:";
    const socket = secure ? connectTls({ ...to, rejectUnauthorized: false }) : connectPlain(to);
    await new Promise((resolve, reject) => {
      socket.once(secure ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
    });
    return new Wire(socket);
  }

  /** Everything received so far, a character for a byte. */
  get received(): string {
    return this.#received;
  }

  /** The status codes received so far. */
  get statuses(): number[] {
    return [...this.#received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Resolves as soon as `count` answers have been received whole; rejects when the server closes first. */
  async answers(count: number): Promise<string[]> {
    for (;;) {
      const found = this.#whole();
      if (found.length >= count) return found;
      const ended = await Promise.race([
        new Promise<boolean>((resolve) => this.socket.once("data", () => resolve(false))),
        this.closed.then(() => true),
      ]);
      if (ended && this.#whole().length < count) throw new Error(`closed after ${JSON.stringify(this.#received)}`);
    }
  }

  #whole(): string[] {
    const bodies: string[] = [];
    let rest = this.#received;
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      if (head === -1) return bodies;
      const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, head))?.[1] ?? 0);
      if (rest.length < head + 4 + length) return bodies;
      bodies.push(rest.slice(head + 4, head + 4 + length));
      rest = rest.slice(head + 4 + length);
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Sends `bytes` on a connection of its own and gives everything received until the server closes it. */
export async function exchange(url: string, bytes: string | Buffer): Promise<Wire> {
  const wire = await Wire.open(url);
  wire.send(bytes);
  await wire.closed;
  wire.destroy();
  return wire;
}
