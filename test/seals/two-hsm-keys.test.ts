// SPDX-License-Identifier: Apache-2.0
/** From one key of an HSM to another, both in one token, by a server that goes on serving. */
import { partMissing } from "@sealwright/testing/parts";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { Client, hsmBlock, type SealBlock, writeSeals } from "./support/server.ts";
import { HSM_KEY } from "./support/services.ts";

const NEW_KEY = { label: "unseal-2", id: "02" };

describe.skipIf(partMissing("SoftHSM"))("an HSM's new key", () => {
  let hsm: SoftHsm;
  let work: Workplace;
  let server: ServerProcess;
  let token = "";

  const oldSeal = (): SealBlock => hsmBlock(hsm);
  const newSeal = (): SealBlock => ({
    ...hsmBlock(hsm),
    name: "hsm-2",
    settings: { ...hsmBlock(hsm).settings, key_label: NEW_KEY.label },
  });
  const restarted = async (seals: readonly SealBlock[]): Promise<Client> => {
    await server.stop();
    server = await work.serve([await writeSeals(work, seals)], hsm.env);
    return new Client(server.url, token);
  };

  beforeAll(async () => {
    hsm = await softHsm();
    await hsm.addAesKey(HSM_KEY);
    await hsm.addAesKey(NEW_KEY);
    work = await Workplace.open();
    server = await work.serve([await writeSeals(work, [oldSeal()])], hsm.env);
    const init = await new Client(server.url).put("sys/init", { recovery_shares: 1, recovery_threshold: 1 });
    token = String(init.body.root_token);
    await new Client(server.url, token).put("secret/kept", { value: "here" });
  });
  afterAll(async () => {
    await work?.close();
    await hsm?.stop();
  });

  test("takes the storage over online, and alone opens it once the old one is finished and deleted", async () => {
    const client = new Client(server.url, token);
    await writeSeals(work, [newSeal(), oldSeal()]);
    expect(await client.put("sys/config/reload/seals")).toMatchObject({ status: 200 });
    for (const [path, body] of [
      ["sys/seals/migrate", { to: "hsm-2" }],
      ["sys/seals/migrate/finish", {}],
    ] as const) {
      expect(await client.put(path, body)).toMatchObject({ status: 204 });
    }
    await hsm.deleteSecretKey(HSM_KEY);
    const after = await restarted([newSeal()]);
    await server.command.until(/unsealed by/);
    expect(await after.get("secret/kept")).toMatchObject({ body: { data: { value: "here" } } });
  });

  test("is not replaced by one that is not there: the migration is refused, and the storage opens as before", async () => {
    const missing = { ...newSeal(), name: "hsm-3", settings: { ...newSeal().settings, key_label: "nothing" } };
    const client = await restarted([newSeal(), missing]);
    await server.command.until(/unsealed by/);
    const refused = await client.put("sys/seals/migrate", { to: "hsm-3" });
    expect(refused.status).toBe(500);
    expect(JSON.stringify(refused.body)).toContain("nothing");
    const after = await restarted([newSeal()]);
    await server.command.until(/unsealed by/);
    expect(await after.get("secret/kept")).toMatchObject({ body: { data: { value: "here" } } });
  });
});
