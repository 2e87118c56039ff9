// SPDX-License-Identifier: Apache-2.0
/**
 * A TCP proxy that stands in front of a real service and fails on command. It forwards bytes, so TLS, gRPC and HTTP pass
 * alike; the faults that speak do so in plain HTTP/1.1.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What the proxy does with connections. */
export type Fault =
  /** Forwards. */
  | { readonly kind: "none" }
  /** Forwards, after as many milliseconds for every piece that a client sends. */
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** Cuts the connection with a TCP reset as soon as a client has sent something. */
  | { readonly kind: "reset" }
  /** Takes what clients send and never answers. */
  | { readonly kind: "black hole" }
  /** Answers whatever clients send with these bytes, and closes. */
  | { readonly kind: "garbage"; readonly bytes: Uint8Array }
  /** Answers with this HTTP status, headers and body, and closes. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** A proxy that runs. */
export interface FaultProxy {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** How many connections clients have opened so far. */
  readonly connections: number;
  /**
   * From now on, for new connections and for what comes in over open ones. A function chooses by what a client sends: it
   * is asked for every piece, which is a whole request where that is small and HTTP/1.1.
   */
  set(fault: Fault | ((piece: Buffer) => Fault)): void;
  /** Stops listening, as a service that is down, and cuts what is open. New connections are refused. */
  offline(): Promise<void>;
  /** Listens again, on the same port. */
  online(): Promise<void>;
  /** Ends the proxy. */
  stop(): Promise<void>;
}

const NONE: Fault = { kind: "none" };

function httpAnswer({ status, headers = {}, body = "" }: Extract<Fault, { kind: "status" }>): string {
  const all = { ...headers, "Content-Length": String(Buffer.byteLength(body)), Connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} \r\n${lines.join("")}\r\n${body}`;
}

/** Starts a proxy on a free port of the loopback, in front of `port` there. */
export async function startFaultProxy(target: { readonly port: number }): Promise<FaultProxy> {
  let choose = (_piece: Buffer): Fault => NONE;
  let connections = 0;
  const open = new Set<Socket>();

  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    // A cut connection is what this is for.
    socket.on("error", () => socket.destroy());
    return socket;
  };

  const forward = (client: Socket, upstream: () => Socket, piece: Buffer): void => {
    const fault = choose(piece);
    switch (fault.kind) {
      case "none":
        upstream().write(piece);
        break;
      case "delay":
        setTimeout(() => upstream().write(piece), fault.milliseconds).unref();
        break;
      case "reset":
        client.resetAndDestroy();
        break;
      case "black hole":
        break;
      case "garbage":
        client.end(fault.bytes);
        break;
      case "status":
        client.end(httpAnswer(fault));
        break;
    }
  };

  const server = createServer((socket) => {
    connections++;
    const client = keep(socket);
    let connected: Socket | undefined;
    // Only when something is to be forwarded: a fault must not need a service behind it.
    const upstream = (): Socket => {
      if (connected !== undefined) return connected;
      const made = keep(connect(target.port, "127.0.0.1"));
      made.pipe(client);
      made.on("close", () => client.destroy());
      client.on("close", () => made.destroy());
      connected = made;
      return made;
    };
    client.on("data", (piece: Buffer) => forward(client, upstream, piece));
  });

  const listen = async (port: number): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    set(fault) {
      choose = typeof fault === "function" ? fault : () => fault;
    },
    offline: close,
    online: () => listen(port),
    stop: close,
  };
}
