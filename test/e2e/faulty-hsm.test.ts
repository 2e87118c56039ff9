// SPDX-License-Identifier: Apache-2.0
/** While the HSM crashes, hangs, loses its sessions and reports faults, the server answers every read and write. */
import { randomBytes } from "node:crypto";
import { type FaultyHsm, faultyHsm } from "@sealwright/testing/faulty-hsm";
import { kryoptic } from "@sealwright/testing/kryoptic";
import { type Part, partMissing } from "@sealwright/testing/parts";
import { softHsm } from "@sealwright/testing/softhsm";
import type { TestToken } from "@sealwright/testing/test-token";
import pkcs11js from "pkcs11js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { pkcs11Seal, writeConfig } from "./config.ts";

/** Long enough for a busy machine's HSM, short enough to wait for. */
const DEADLINE_MS = 3_000;
const AT_ONCE = 4;

const MAKES: [Part, () => Promise<TestToken>][] = [
  ["SoftHSM", () => softHsm({ pin: "12345678" })],
  ["kryoptic", () => kryoptic({ pin: "12345678" })],
];

/** What goes wrong, and how a new root key, which the HSM has to wrap, fares meanwhile. */
interface Trouble {
  readonly name: string;
  arm(faulty: FaultyHsm): void;
  readonly status: 204 | 503;
}

const TROUBLES: readonly Trouble[] = [
  { name: "a crash", arm: (faulty) => faulty.crash("C_Encrypt"), status: 503 },
  { name: "a hang", arm: (faulty) => faulty.hang("C_Encrypt"), status: 503 },
  { name: "a hang at the session", arm: (faulty) => hangAtSession(faulty), status: 503 },
  {
    name: "faults of the device for good",
    arm: (faulty) => faulty.fail("C_EncryptInit", pkcs11js.CKR_DEVICE_ERROR, 0),
    status: 503,
  },
  {
    name: "three faults of the device",
    arm: (faulty) => faulty.fail("C_Encrypt", pkcs11js.CKR_DEVICE_ERROR, 3),
    status: 204,
  },
  { name: "all sessions lost", arm: (faulty) => faulty.dropSessions("C_EncryptInit"), status: 204 },
  { name: "a token pulled out", arm: (faulty) => faulty.removeToken(), status: 503 },
];

function hangAtSession(faulty: FaultyHsm): void {
  faulty.hang("C_OpenSession");
  faulty.dropSessions("C_EncryptInit");
}

describe.each(MAKES)("a server on %s", (part, openToken) => {
  describe.skipIf(partMissing(part) || partMissing("C compiler"))("with a faulty library", () => {
    let work: Workplace;
    let hsm: TestToken;
    let faulty: FaultyHsm;
    let server: ServerProcess;
    let token = "";

    function call(method: string, path: string, body?: object): Promise<Response> {
      return fetch(`${server.url}/v1/${path}`, {
        method,
        headers: { "X-Vault-Token": token },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    }

    beforeEach(async () => {
      token = "";
      work = await Workplace.open();
      hsm = await openToken();
      await hsm.addAesKey({ label: "unseal-key", id: "01" });
      faulty = await faultyHsm({ forwardTo: hsm.lib });
      const seal = pkcs11Seal({ ...hsm, lib: faulty.lib }, `call_deadline = "${DEADLINE_MS}ms"`);
      const config = await writeConfig(work, { seal });
      server = await work.serve([config], { ...hsm.env, ...faulty.env, HSM_PIN: hsm.pin });
      token = ((await (await call("PUT", "sys/init", {})).json()) as { root_token: string }).root_token;
      expect((await call("POST", "sys/mounts/kept", { type: "kv" })).status).toBe(204);
    });

    afterEach(async () => {
      faulty.clear();
      await work.close();
      await Promise.all([hsm.stop(), faulty.stop()]);
    });

    /** Puts and gets values of its own until `work` is done; answers how many. Each must be right. */
    async function trafficDuring(work: Promise<unknown>): Promise<number> {
      let done = false;
      let requests = 0;
      const caller = async (index: number): Promise<void> => {
        while (!done) {
          const value = randomBytes(16).toString("hex");
          expect((await call("PUT", `kept/${index}`, { value })).status).toBe(204);
          const read = (await (await call("GET", `kept/${index}`)).json()) as { data: { value: string } };
          expect(read.data.value).toBe(value);
          requests += 2;
        }
      };
      const callers = Promise.all(Array.from({ length: AT_ONCE }, (_, index) => caller(index)));
      await work.finally(() => {
        done = true;
      });
      await callers;
      return requests;
    }

    test("answers reads and writes through every fault, and wraps a new root key after each", async () => {
      for (const { name, arm, status } of TROUBLES) {
        arm(faulty);
        const rotating = call("PUT", "sys/rotate/root");
        const requests = await trafficDuring(rotating);
        expect({ name, status: (await rotating).status }).toEqual({ name, status });
        expect({ name, answered: requests >= 2 * AT_ONCE }).toEqual({ name, answered: true });
        faulty.clear();
        faulty.restoreToken();
        const after = await trafficDuring(
          expect.poll(async () => (await call("PUT", "sys/rotate/root")).status, { timeout: 15_000 }).toBe(204),
        );
        expect(after).toBeGreaterThan(0);
      }
    }, 120_000);
  });
});
