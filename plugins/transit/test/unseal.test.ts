// SPDX-License-Identifier: Apache-2.0
/** A sealed store over the transit seal. */
import { type Fault, startFaultProxy } from "@sealwright/testing";
import { describeStoreOver, type Outage } from "../../../test/support/store-over-service.ts";
import { plugin } from "../src/index.ts";
import { startRemote } from "./support/remote-server.ts";

async function start() {
  const remote = await startRemote();
  const proxy = await startFaultProxy({ port: remote.port });
  const calls: string[] = [];
  let version = 1;
  const fail = (fault: Fault, only?: string): void =>
    proxy.set((piece) => {
      const operation = /^POST \/v1\/(\S+) /.exec(piece.toString("latin1"))?.[1];
      if (operation !== undefined) calls.push(operation);
      return only === undefined || operation === only ? fault : { kind: "none" };
    });
  fail({ kind: "none" });
  return {
    proxy,
    fail,
    plugin,
    settings: { ...remote.stanza, address: `http://${proxy.address}` },
    calls: () => calls,
    operations: { wrap: "transit/encrypt/autounseal", unwrap: "transit/decrypt/autounseal" },
    key: "autounseal",
    async rotateKey() {
      await remote.ask("POST", "transit/keys/autounseal/rotate");
      version += 1;
      return `v${version}`;
    },
    async stop() {
      await proxy.stop();
      await remote.server.stop();
    },
  };
}

type Service = Awaited<ReturnType<typeof start>>;

function outage(what: string, code: string, fault: Fault, only?: string): Outage<Service> {
  return { what, code, begin: ({ fail }) => fail(fault, only), end: ({ fail }) => fail({ kind: "none" }) };
}

const throttling = outage("throttling", "SEAL_THROTTLED", { kind: "status", status: 429 });
const outages: readonly Outage<Service>[] = [
  {
    what: "down",
    code: "SEAL_UNAVAILABLE",
    begin: ({ proxy }) => proxy.offline(),
    end: ({ proxy }) => proxy.online(),
  },
  outage("cutting connections", "SEAL_UNAVAILABLE", { kind: "reset" }),
  throttling,
  outage("denying", "SEAL_DENIED", { kind: "status", status: 403 }),
  outage("denying the unwrap alone", "SEAL_DENIED", { kind: "status", status: 403 }, "transit/decrypt/autounseal"),
  outage("answering nonsense", "SEAL_UNAVAILABLE", { kind: "status", status: 200, body: "nonsense" }),
];

describeStoreOver("a store over the transit seal", { start, outages, throttling });
