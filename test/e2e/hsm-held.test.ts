// SPDX-License-Identifier: Apache-2.0
/** While the HSM does not answer, everything that needs no HSM is answered. */
import { randomBytes } from "node:crypto";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { pkcs11Seal, writeConfig } from "./config.ts";
import { childrenOf } from "./processes.ts";

const REQUESTS = 1_000;
const AT_ONCE = 16;

let work: Workplace;
let hsm: SoftHsm;
let server: ServerProcess;
let token: string;

beforeEach(async () => {
  work = await Workplace.open();
  hsm = await softHsm();
  await hsm.addAesKey({ label: "unseal-key", id: "01" });
  const seal = pkcs11Seal(hsm, 'mechanism = "CKM_AES_GCM"');
  server = await work.serve([await writeConfig(work, { seal })], { ...hsm.env, HSM_PIN: hsm.pin });
  const init = await call("PUT", "sys/init", {});
  token = ((await init.json()) as { root_token: string }).root_token;
  await call("POST", "sys/mounts/held", { type: "kv" });
});

afterEach(async () => {
  await work.close();
  await hsm.stop();
});

function call(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${server.url}/v1/${path}`, {
    method,
    headers: { "X-Vault-Token": token ?? "" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Puts and gets one value of its own. */
async function putAndGet(index: number): Promise<void> {
  const value = randomBytes(16).toString("hex");
  expect((await call("PUT", `held/${index}`, { value })).status).toBe(204);
  const read = (await (await call("GET", `held/${index}`)).json()) as { data: { value: string } };
  expect(read.data.value).toBe(value);
}

test(`${REQUESTS} puts and as many gets complete while a call to the HSM is held, and the call completes after`, async () => {
  const [child] = await childrenOf(server.command.pid);
  expect(child).toBeDefined();
  process.kill(child as number, "SIGSTOP");
  let held = true;
  // A new root key has to be wrapped by the HSM before anything is written.
  const rotation = call("PUT", "sys/rotate/root").finally(() => {
    held = false;
  });
  try {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < REQUESTS) await putAndGet(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect((await call("GET", "sys/health")).status).toBe(200);
    expect(held).toBe(true);
  } finally {
    process.kill(child as number, "SIGCONT");
  }
  expect((await rotation).status).toBe(204);
  await putAndGet(REQUESTS);
}, 60_000);
