// SPDX-License-Identifier: Apache-2.0
/** A server of ours on directories that OpenBao wrote: it opens them, says what OpenBao said, and writes nothing. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ServerProcess } from "../support/command.ts";
import { FIXTURES, Fixture, filesBelow } from "./fixture.ts";

/** What the recorded server says about itself rather than about the storage. */
const ITS_OWN = ["version", "commit_date", "build_date"];

interface SealStatus extends Record<string, unknown> {
  readonly sealed: boolean;
}

async function statusOf({ url }: ServerProcess): Promise<SealStatus> {
  return (await (await fetch(`${url}/v1/sys/seal-status`)).json()) as SealStatus;
}

async function unseal(server: ServerProcess, key: string) {
  const answer = await fetch(`${server.url}/v1/sys/unseal`, { method: "PUT", body: JSON.stringify({ key }) });
  return { status: answer.status, body: (await answer.json()) as SealStatus & { readonly errors?: string[] } };
}

describe.each(FIXTURES)("a directory with a %s seal", (name) => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.copy(name);
  });

  afterEach(() => fixture.work.close());

  async function open(): Promise<ServerProcess> {
    const server = await fixture.work.serve(["-config=config.hcl"], fixture.env);
    if (name !== "shamir") await server.command.until(/unsealed/);
    for (const share of fixture.shares) expect(await unseal(server, share)).toMatchObject({ status: 200 });
    return server;
  }

  test("is opened by the key beside it, and its seal status is the recorded one", async () => {
    const ours = await statusOf(await open());
    const { seal_status_unsealed: recorded } = fixture.recorded;
    const compared = Object.keys(recorded).filter((key) => !ITS_OWN.includes(key));
    expect(Object.fromEntries(compared.map((key) => [key, ours[key]]))).toEqual(
      Object.fromEntries(compared.map((key) => [key, recorded[key]])),
    );
    expect(ours.sealed).toBe(false);
  });

  test("has not one byte written by opening it, asking it and stopping", async () => {
    const before = await filesBelow(fixture.data);
    const server = await open();
    const headers = { "X-Vault-Token": fixture.recorded.root_token };
    await fetch(`${server.url}/v1/sys/key-status`, { headers });
    expect(await filesBelow(fixture.data)).toEqual(before);
    expect((await server.stop()).code).toBe(0);
    expect(await filesBelow(fixture.data)).toEqual(before);
    expect([...before.keys()].sort()).toEqual([...fixture.recorded.files].sort());
  });

  test("cannot be initialised over, and stays as it was", async () => {
    const before = await filesBelow(fixture.data);
    const server = await fixture.work.serve(["-config=config.hcl"], fixture.env);
    const body = name === "shamir" ? { secret_shares: 1, secret_threshold: 1 } : {};
    const answer = await fetch(`${server.url}/v1/sys/init`, { method: "PUT", body: JSON.stringify(body) });
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 400,
      body: { errors: [expect.stringMatching(/already initialized/)] },
    });
    expect(await filesBelow(fixture.data)).toEqual(before);
  });

  test("gives none of its secrets to a token of OpenBao's, which is unknown here", async () => {
    const server = await open();
    const headers = { "X-Vault-Token": fixture.recorded.root_token };
    for (const path of ["kv1/app/db", "secret/data/app/api", "sys/key-status"]) {
      expect((await fetch(`${server.url}/v1/${path}`, { headers })).status).toBe(403);
    }
  });
});

describe("shares of before the rekey", () => {
  test("do not open the directory, and it stays sealed and as it was", async () => {
    const fixture = await Fixture.copy("shamir");
    try {
      const before = await filesBelow(fixture.data);
      const server = await fixture.work.serve(["-config=config.hcl"]);
      const [first = "", second = ""] = fixture.recorded.initial.keys_hex;
      expect(await unseal(server, first)).toMatchObject({ status: 200 });
      expect(await unseal(server, second)).toMatchObject({ status: 400, body: { errors: [expect.any(String)] } });
      expect(await statusOf(server)).toMatchObject({ sealed: true, progress: 0 });
      expect(await filesBelow(fixture.data)).toEqual(before);
    } finally {
      await fixture.work.close();
    }
  });
});
