// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "./support/fake-io.ts";
import { type Reply, StubServer } from "./support/stub-server.ts";

const ok = (body: unknown): Reply => ({ status: 200, body });
const plain = (name: string, more: object = {}) => ({
  name,
  healthy: true,
  configured: true,
  disabled: false,
  ...more,
});

let stub: StubServer;
beforeAll(async () => {
  stub = await new StubServer().start();
});
afterAll(() => stub.stop());

const sealwright = (line: string) => cli(line.split(" "), { env: { VAULT_ADDR: stub.address, VAULT_TOKEN: "s.t" } });

describe("seal status", () => {
  it("shows what everybody may see", async () => {
    const body = { healthy: true, fully_wrapped: true, backends: [plain("a"), plain("b", { disabled: true })] };
    stub.play({ "GET sys/seal-backend-status": ok(body) });
    const { code, stdout } = await sealwright("seal status");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Healthy +true$/m);
    expect(stdout).toMatch(/^a +n\/a +enabled +n\/a +healthy +n\/a +n\/a$/m);
    expect(stdout).toMatch(/^b +n\/a +disabled +/m);
    expect(stdout).not.toContain("Outstanding");
  });

  it("shows states, keys, what is wrong and what is outstanding, and ends with 2 when a seal is not healthy", async () => {
    const since = "2026-11-21T08:00:00.000Z";
    const a = plain("a", {
      type: "awskms",
      use: "enabled",
      priority: 1,
      first: true,
      state: "healthy",
      up_to_date: true,
      last_good: since,
      wrapped: [{ path: "core/hsm/barrier-unseal-keys", key_id: "arn:k" }],
      outstanding: [],
    });
    const b = plain("b", {
      healthy: false,
      unhealthy_since: since,
      type: "transit",
      use: "enabled",
      priority: 2,
      first: false,
      state: "denied",
      reason: "the token may not wrap",
      up_to_date: false,
      last_good: null,
      wrapped: [],
      outstanding: [{ path: "core/keyring", generation: 3 }],
    });
    const seal_wrapped = [{ path: "core/keyring", key_id: "arn:old" }];
    const answer = { healthy: false, fully_wrapped: false, backends: [a, b], seal_wrapped };
    stub.play({ "GET sys/seal-backend-status": ok(answer) });
    const { code, stdout } = await sealwright("seal status");
    expect(code).toBe(2);
    expect(stdout).toMatch(/^a +awskms +enabled +1 \(first\) +healthy +yes +2026-11-21T08:00:00.000Z$/m);
    expect(stdout).toMatch(/^b +transit +enabled +2 +denied +no +n\/a$/m);
    expect(stdout).toMatch(/^b +2026-11-21T08:00:00.000Z +the token may not wrap$/m);
    expect(stdout).toMatch(/^a +arn:k +core\/hsm\/barrier-unseal-keys$/m);
    expect(stdout).toMatch(/^b +core\/keyring +3$/m);
    expect(stdout).toMatch(/^core\/keyring +arn:old$/m);
    expect(stdout).toContain("as strong as the weakest of them");
  });

  it("says nothing of the weakest where one seal alone opens the storage", async () => {
    const backends = [plain("a", { use: "enabled" }), plain("b", { use: "new" })];
    stub.play({ "GET sys/seal-backend-status": ok({ healthy: true, fully_wrapped: true, backends }) });
    expect((await sealwright("seal status")).stdout).not.toContain("weakest");
  });

  it("prints the answer as JSON", async () => {
    const body = { healthy: true, fully_wrapped: true, backends: [plain("a")] };
    stub.play({ "GET sys/seal-backend-status": ok(body) });
    expect(JSON.parse((await sealwright("seal status -format=json")).stdout)).toEqual(body);
  });

  it("ends with 2 where the server has no such thing", async () => {
    stub.play({});
    const { code, stdout, stderr } = await sealwright("seal status");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Error reading the status of the seals");
  });
});

describe("seal rewrap", () => {
  const at = (is_running: boolean, entries: object) => ok({ data: { is_running, entries } });

  it("waits until everything is rewrapped", async () => {
    stub.play({
      "PUT sys/sealwrap/rewrap": { status: 204 },
      "GET sys/sealwrap/rewrap": [
        at(true, { processed: 1, succeeded: 1, failed: 0 }),
        at(false, { processed: 3, succeeded: 3, failed: 0 }),
      ],
    });
    expect(await sealwright("seal rewrap")).toEqual({ code: 0, stdout: "Success! Rewrapped 3 entries.\n", stderr: "" });
  });

  it("ends with 2 where an entry was not", async () => {
    stub.play({
      "PUT sys/sealwrap/rewrap": { status: 204 },
      "GET sys/sealwrap/rewrap": at(false, { processed: 3, succeeded: 2, failed: 1 }),
    });
    const { code, stdout, stderr } = await sealwright("seal rewrap");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe("1 entries were not rewrapped: the server's log says why.\n");
  });

  it("passes on that there is nothing to do", async () => {
    stub.play({
      "PUT sys/sealwrap/rewrap": ok({ warnings: ["nothing is seal-wrapped"] }),
      "GET sys/sealwrap/rewrap": at(false, { processed: 0, succeeded: 0, failed: 0 }),
    });
    expect((await sealwright("seal rewrap")).stderr).toBe("Warning: nothing is seal-wrapped\n");
  });

  it("ends with 2 without the right token", async () => {
    stub.play({ "PUT sys/sealwrap/rewrap": { status: 403, body: { errors: ["permission denied"] } } });
    const { code, stderr } = await sealwright("seal rewrap");
    expect(code).toBe(2);
    expect(stderr).toContain("permission denied");
  });
});

describe("status", () => {
  it("says in a sentence what a sealed server waits for", async () => {
    const reason = 'sealed: waiting for the seal "a": it is down (since 2026-11-21T08:00:00Z)';
    const body = { type: "static", initialized: true, sealed: true, t: 0, n: 0, progress: 0, state_reason: reason };
    stub.play({ "GET sys/seal-status": ok(body), "GET sys/leader": ok({ ha_enabled: false }) });
    const { code, stdout } = await sealwright("status");
    expect(code).toBe(2);
    expect(stdout).toContain(`State              ${reason}\n`);
  });

  it("says how many officers have given their shares", async () => {
    const officers = { name: "officers", t: 3, n: 5, progress: 1, nonce: "N" };
    const body = { type: "static", initialized: true, sealed: true, t: 2, progress: 0, share_seals: [officers] };
    stub.play({ "GET sys/seal-status": ok(body), "GET sys/leader": ok({ ha_enabled: false }) });
    expect((await sealwright("status")).stdout).toMatch(/^Unseal Progress \(officers\) +1\/3$/m);
  });
});
