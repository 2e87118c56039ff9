// SPDX-License-Identifier: Apache-2.0
/** A stand-in for Keybase on the loopback: it answers the one lookup that `keybase:<user>` needs, from keys given to it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class KeybaseStandIn {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Starts it with the armored key of each user. */
  static async start(keys: Readonly<Record<string, string>>): Promise<KeybaseStandIn> {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      if (url.pathname !== "/_/api/1.0/user/lookup.json") {
        response.writeHead(404).end();
        return;
      }
      const users = (url.searchParams.get("usernames") ?? "").split(",");
      const them = users.map((user) =>
        keys[user] === undefined ? null : { public_keys: { primary: { bundle: keys[user] } } },
      );
      response.end(JSON.stringify({ status: { code: 0, name: "OK" }, them }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new KeybaseStandIn(server);
  }

  /** For `SEALWRIGHT_KEYBASE_ADDR`. */
  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
