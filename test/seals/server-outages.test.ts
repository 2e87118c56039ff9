// SPDX-License-Identifier: Apache-2.0
/** A server with an HSM, AWS KMS and Google Cloud KMS: some away, all away, and back. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { awsBlock, Client, gcpBlock, hsmBlock, writeSeals } from "./support/server.ts";
import { type Running, startAws, startGcp, startHsm } from "./support/services.ts";
import { trioMissing } from "./support/trio.ts";

/** The pauses between the attempts to unseal grow up to half a minute. */
const LONGEST_PAUSE_MS = 30_000;

describe.skipIf(trioMissing)("a server with an HSM, AWS KMS and Google Cloud KMS", () => {
  let work: Workplace;
  let config: string;
  let env: Readonly<Record<string, string>>;
  let server: ServerProcess;
  let token = "";
  let hsm: Awaited<ReturnType<typeof startHsm>>;
  let aws: Awaited<ReturnType<typeof startAws>>;
  let gcp: Awaited<ReturnType<typeof startGcp>>;
  const started: Running<unknown>[] = [];

  const kept = async <Harness>(starting: Promise<Running<Harness>>): Promise<Running<Harness>> => {
    const running = await starting;
    started.push(running);
    return running;
  };
  const client = () => new Client(server.url, token);
  const start = async (): Promise<void> => {
    server = await work.serve([config], env);
  };
  const unsealed = () =>
    vi.waitFor(async () => expect((await client().get("sys/seal-status")).body.sealed).toBe(false), {
      timeout: LONGEST_PAUSE_MS,
      interval: 50,
    });
  const stop = async (): Promise<void> => {
    const { code } = await server.stop();
    expect(code).toBe(0);
  };

  beforeAll(async () => {
    work = await Workplace.open();
    [hsm, aws, gcp] = await Promise.all([kept(startHsm()), kept(startAws()), kept(startGcp())]);
    config = await writeSeals(work, [hsmBlock(hsm.harness), awsBlock(aws.harness), gcpBlock(gcp.harness)]);
    env = { ...hsm.harness.env };
    await start();
    const { body } = await client().put("sys/init", { recovery_shares: 3, recovery_threshold: 2 });
    token = String(body.root_token);
    await unsealed();
    expect((await client().put("secret/kept", { value: "here" })).status).toBe(204);
  });
  afterAll(async () => {
    await work?.close();
    await Promise.all(started.map((each) => each.stop()));
  });

  const value = async () => ((await client().get("secret/kept")).body.data as { value?: string } | undefined)?.value;
  const expectUnsealed = async (): Promise<void> => {
    await unsealed();
    expect(await value()).toBe("here");
  };

  test("ends with code 0 though one seal is away, and opens by the others at the next start", async () => {
    await hsm.down();
    await client().put("secret/more", { value: "to count" });
    await stop();
    await start();
    await expectUnsealed();
    expect((await client().get("sys/health")).status).toBe(200);
  });

  test("seals itself when it is told to though one is away, and rotates without it", async () => {
    expect((await client().put("sys/rotate")).status).toBe(204);
    const { body } = await client().get("sys/seal-backend-status");
    expect(body).toMatchObject({ fully_wrapped: false });
    expect((await client().put("sys/seal")).status).toBe(204);
    await hsm.up();
    await stop();
  });

  test("is up and sealed while all are away, says of each why, and unseals within one pause of the return", async () => {
    for (const service of [hsm, aws, gcp]) await service.down();
    await start();
    await server.command.until(/not reached/);
    await expect
      .poll(async () => (await client().get("sys/seal-status")).body)
      .toMatchObject({ sealed: true, initialized: true, unseal_error_code: "NO_SEAL_ANSWERS" });
    const { body } = await client().get("sys/seal-status");
    expect(body.state).toBe("waiting for a seal");
    expect(body.state_reason).toMatch(
      /waiting for the seals "hsm" or "aws" or "gcp".*hsm: .*aws: .*gcp: .*next try 20/,
    );
    expect((await client().get("sys/health")).status).toBe(503);
    expect((await client().get("sys/seal-backend-status")).body).toMatchObject({ healthy: false });
    expect((await client().get("secret/kept")).status).toBe(503);

    await gcp.up();
    const back = Date.now();
    const next = Date.parse(String((await client().get("sys/seal-status")).body.unseal_next_try));
    expect(next - back).toBeLessThan(LONGEST_PAUSE_MS);
    await unsealed();
    expect(await value()).toBe("here");
    for (const service of [hsm, aws]) await service.up();
  });

  test("gives each of them what it missed, and opens by any one of them", async () => {
    await stop();
    await start();
    await expectUnsealed();
    await expect
      .poll(async () => (await client().get("sys/seal-backend-status")).body, { timeout: 10_000 })
      .toMatchObject({ fully_wrapped: true });
    await stop();
    for (const alone of [hsm, aws, gcp]) {
      for (const service of [hsm, aws, gcp]) await (service === alone ? service.up() : service.down());
      await start();
      await expectUnsealed();
      await stop();
    }
  });
});
