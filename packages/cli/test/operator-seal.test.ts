// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, type Setup } from "./support/fake-io.ts";
import { StubServer } from "./support/stub-server.ts";

const DONE = { status: 204 };
const REFUSED = { status: 400, body: { errors: ["the reason"] } };

let stub: StubServer;
beforeAll(async () => {
  stub = await new StubServer().start();
});
afterAll(() => stub.stop());

const sealwright = (line: string, setup: Setup = {}) =>
  cli(line.split(" "), { ...setup, env: { VAULT_ADDR: stub.address, VAULT_TOKEN: "s.t" } });

describe("operator seal", () => {
  it.each([
    ["add spare", "sys/seals/add", { name: "spare", accept_weaker: false }],
    ["add -accept-weaker spare", "sys/seals/add", { name: "spare", accept_weaker: true }],
    ["remove old", "sys/seals/remove", { name: "old", force: false }],
    ["remove -force old", "sys/seals/remove", { name: "old", force: true }],
    ["migrate -to=hsm", "sys/seals/migrate", { to: "hsm", dry_run: false, accept_weaker: false, force: false }],
    ["migrate -finish -force", "sys/seals/migrate/finish", { force: true }],
    ["migrate -undo", "sys/seals/migrate/undo", { force: false }],
  ])("%s asks the server for it", async (line, path, body) => {
    stub.play({ [`PUT ${path}`]: DONE });
    const { code, stdout, stderr } = await sealwright(`operator seal ${line}`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Success!");
    expect(stub.bodyOf(`PUT ${path}`)).toEqual(body);
  });

  it.each([
    ["add spare", "sys/seals/add", "Error adding the seal"],
    ["remove old", "sys/seals/remove", "Error removing the seal"],
    ["migrate -to=hsm", "sys/seals/migrate", "Error migrating"],
    ["migrate -finish", "sys/seals/migrate/finish", "Error migrating"],
    ["migrate -undo", "sys/seals/migrate/undo", "Error migrating"],
  ])("%s ends with 2 and the reason where the server refuses", async (line, path, message) => {
    stub.play({ [`PUT ${path}`]: REFUSED });
    const { code, stdout, stderr } = await sealwright(`operator seal ${line}`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain("the reason");
  });

  it.each([
    ["add", "Not enough arguments"],
    ["add -key-shares=5 officers", "Give both -key-shares and -key-threshold"],
    ["add officers KEY", "Missing nonce value"],
    ["remove", "Not enough arguments"],
    ["remove a b", "Too many arguments"],
    ["migrate", "Give one of -to=NAME, -finish and -undo."],
    ["migrate -finish -undo", "Give one of"],
    ["migrate -to=a -finish", "Give one of"],
    ["migrate -dry-run -undo", "-dry-run goes with -to=NAME."],
    ["remve old", "Too many arguments"],
  ])("%s asks nothing of the server and ends with 1", async (line, message) => {
    stub.play({});
    const { code, stderr } = await sealwright(`operator seal ${line}`);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stub.seen).toEqual([]);
  });

  it("migrate -dry-run shows what would change", async () => {
    const data = {
      from: { name: "awskms", type: "awskms" },
      to: { name: "hsm", type: "pkcs11" },
      shares_become: "recovery",
      from_error: "the service does not answer",
    };
    stub.play({ "PUT sys/seals/migrate": { status: 200, body: { data } } });
    const { code, stdout } = await sealwright("operator seal migrate -to=hsm -dry-run");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^From +awskms \(awskms\)$/m);
    expect(stdout).toMatch(/^To +hsm \(pkcs11\)$/m);
    expect(stdout).toMatch(/^Shares Afterwards +the shares that people hold are recovery shares$/m);
    expect(stdout).toMatch(/^Old Seal +the service does not answer$/m);
    expect(stub.bodyOf("PUT sys/seals/migrate")).toMatchObject({ to: "hsm", dry_run: true });
  });
});

describe("operator seal add for shares", () => {
  const status = { started: true, nonce: "N", name: "officers", n: 5, t: 3, progress: 0, required: 2 };
  const done = { complete: true, nonce: "N", keys: ["00"], keys_base64: ["AA=="] };

  it("starts officers' shares, and tells the nonce", async () => {
    stub.play({ "PUT sys/seals/shares/start": { status: 200, body: status } });
    const { code, stdout, stderr } = await sealwright("operator seal add -key-shares=5 -key-threshold=3 officers");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Progress +0\/2$/m);
    expect(stderr).toContain("operator seal add -nonce=N officers");
    expect(stub.bodyOf("PUT sys/seals/shares/start")).toEqual({
      name: "officers",
      secret_shares: 5,
      secret_threshold: 3,
      accept_weaker: false,
    });
  });

  it("shows the shares where nobody has to be asked", async () => {
    stub.play({ "PUT sys/seals/shares/start": { status: 200, body: done } });
    const { stdout, stderr } = await sealwright("operator seal add -n=5 -t=3 officers");
    expect(stdout).toContain("Break-Glass Key 1: AA==\n");
    expect(stderr).toBe("");
  });

  it("gives a share from standard input, and shows the new ones at the last", async () => {
    stub.play({
      "GET sys/seals/shares/attempt": { status: 200, body: status },
      "PUT sys/seals/shares/update": { status: 200, body: done },
    });
    const { code, stdout } = await sealwright("operator seal add -nonce=N officers -", { stdin: "KEY\n" });
    expect(code).toBe(0);
    expect(stdout).toContain("operator unseal");
    expect(stub.bodyOf("PUT sys/seals/shares/update")).toEqual({ nonce: "N", key: "KEY" });
  });

  it("gives no key where the attempt is for other officers than were named", async () => {
    stub.play({ "GET sys/seals/shares/attempt": { status: 200, body: status } });
    const { code, stderr } = await sealwright("operator seal add -nonce=N directors -", { stdin: "KEY\n" });
    expect(code).toBe(1);
    expect(stderr.replace(/\s+/g, " ")).toContain("the attempt adds officers' shares called officers, not directors");
  });

  it("says that nothing was started", async () => {
    stub.play({ "GET sys/seals/shares/attempt": { status: 200, body: { started: false } } });
    const { code, stderr } = await sealwright("operator seal add -nonce=N officers KEY");
    expect(code).toBe(1);
    expect(stderr).toContain("Nothing was started");
  });

  it("lets the recovery keys unseal, and says what that means", async () => {
    stub.play({
      "PUT sys/seals/recovery-keys/start": { status: 200, body: { started: true, nonce: "N", required: 1 } },
      "GET sys/seals/recovery-keys/attempt": { status: 200, body: { started: true, nonce: "N" } },
      "PUT sys/seals/recovery-keys/update": { status: 200, body: { complete: true } },
      "DELETE sys/seals/recovery-keys/attempt": DONE,
    });
    expect((await sealwright("operator seal add recovery-keys")).code).toBe(0);
    const { stdout } = await sealwright("operator seal add -nonce=N recovery-keys KEY");
    expect(stdout.replace(/\s+/g, " ")).toContain("with a stolen backup, read everything in it");
    expect((await sealwright("operator seal add -cancel recovery-keys")).stdout).toContain("Ended");
  });
});

describe("operator rotate-keys -seal", () => {
  it("starts a rekey of the officers' shares, and numbers are the usual ones", async () => {
    const data = { started: true, nonce: "N", t: 3, n: 5, progress: 0, required: 2 };
    stub.play({
      "GET sys/seal-status": { status: 200, body: { recovery_seal: true } },
      "POST sys/seals/shares/officers/rekey/init": { status: 200, body: { data } },
    });
    const { code, stdout } = await sealwright("operator rotate-keys -seal=officers -init");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Nonce +N$/m);
    expect(stub.bodyOf("POST sys/seals/shares/officers/rekey/init")).toMatchObject({
      secret_shares: 5,
      secret_threshold: 3,
    });
  });

  it("does not go with operator rekey, which knows no token", async () => {
    const { code, stderr } = await sealwright("operator rekey -seal=officers -init");
    expect(code).toBe(1);
    expect(stderr).toContain("-seal goes with");
  });
});

describe("operator unseal", () => {
  it("sends what the share is for", async () => {
    stub.play({ "PUT sys/unseal": { status: 200, body: { sealed: true } }, "GET sys/leader": DONE });
    await sealwright("operator unseal -seal=officers -", { stdin: "KEY\n" });
    expect(stub.bodyOf("PUT sys/unseal")).toEqual({ key: "KEY", reset: false, migrate: false, seal: "officers" });
    await sealwright("operator unseal -migrate KEY");
    expect(stub.seen.at(-2)?.body).toBe('{"key":"KEY","reset":false,"migrate":true}');
  });
});
