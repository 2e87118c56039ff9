// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, type Setup } from "./support/fake-io.ts";
import { type Reply, StubServer } from "./support/stub-server.ts";

const NONCE = "4dbdc0ae-83b6-bc79-0d11-5b85558bf0f6";
const RUNNING = {
  nonce: NONCE,
  started: true,
  t: 2,
  n: 3,
  progress: 0,
  required: 3,
  pgp_fingerprints: null,
  backup: false,
  verification_required: false,
};
const IDLE = { nonce: "", started: false, t: 0, n: 0, progress: 0, required: 3 };
const ok = (body: unknown): Reply => ({ status: 200, body });
const refused = (status: number, message: string): Reply => ({ status, body: { errors: [message] } });

let stub: StubServer;
beforeAll(async () => {
  stub = await new StubServer().start();
});
afterAll(() => stub.stop());

const sealwright = (line: string, setup: Setup = {}) =>
  cli(line.split(" "), { ...setup, env: { VAULT_ADDR: stub.address, ...setup.env } });

describe("three holders rekey (walk-through A)", () => {
  it("print nothing but JSON on standard output when asked for JSON", async () => {
    stub.play({ "GET sys/seal-status": ok({ recovery_seal: false }), "PUT sys/rekey/init": ok(RUNNING) });
    const outcome = await sealwright("operator rekey -init -key-shares=3 -key-threshold=2 -format=json");
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ nonce: NONCE });
    expect(outcome.stderr).toContain("there is no recovery");
    expect(stub.bodyOf("PUT sys/rekey/init")).toEqual({
      secret_shares: 3,
      secret_threshold: 2,
      backup: false,
      require_verification: false,
    });
  });

  it("take -n and -t for the numbers, and -compromised along", async () => {
    stub.play({ "GET sys/seal-status": ok({ recovery_seal: false }), "PUT sys/rekey/init": ok(RUNNING) });
    await sealwright("operator rekey -init -n 7 -t 4 -verify -compromised");
    expect(stub.bodyOf("PUT sys/rekey/init")).toMatchObject({
      secret_shares: 7,
      secret_threshold: 4,
      require_verification: true,
      compromised: true,
    });
  });

  it.each([
    ["as an argument", "operator rekey -nonce=N KEY", {}],
    ["behind -key", "operator rekey -nonce=N -key=KEY", {}],
    ["on standard input", "operator rekey -nonce=N -", { stdin: "KEY\n" }],
    ["on standard input behind -key", "operator rekey -nonce=N -key=-", { stdin: "KEY\n" }],
    ["at the prompt", "operator rekey -nonce=N", { typed: ["KEY"] }],
  ])("give a share %s", async (_way, line, setup) => {
    stub.play({ "GET sys/rekey/init": ok(RUNNING), "PUT sys/rekey/update": ok({ ...RUNNING, progress: 1 }) });
    const outcome = await sealwright(line, { ...setup, stdoutIsTTY: true });
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toContain(
      "Rekey Progress           1/3\nNew Shares               3\nNew Threshold            2\n",
    );
    expect(stub.bodyOf("PUT sys/rekey/update")).toEqual({ key: "KEY", nonce: "N" });
    expect(stub.routes.join()).not.toContain("KEY");
  });

  it("are shown the attempt before they are asked for a share, and its nonce is used", async () => {
    const started = { ...RUNNING, started_by: "10.0.0.7", started_at: "2026-11-21T05:00:00Z" };
    stub.play({ "GET sys/rekey/init": ok(started), "PUT sys/rekey/update": ok({ ...RUNNING, progress: 1 }) });
    const outcome = await sealwright("operator rekey", { typed: ["KEY"], stdoutIsTTY: true });
    const asked = outcome.stdout.slice(0, outcome.stdout.indexOf("Key (will be hidden): "));
    expect(asked).toBe(
      [
        `Rekey operation nonce: ${NONCE}`,
        "Rekey Progress           0/3",
        "New Shares               3",
        "New Threshold            2",
        "Verification Required    false",
        "Started By               10.0.0.7",
        "Started At               2026-11-21T05:00:00Z",
        "",
      ].join("\n"),
    );
    expect(stub.bodyOf("PUT sys/rekey/update")).toEqual({ key: "KEY", nonce: NONCE });
  });

  it("are asked on standard error when standard output goes into a pipe", async () => {
    stub.play({ "GET sys/rekey/init": ok(RUNNING), "PUT sys/rekey/update": ok({ ...RUNNING, progress: 1 }) });
    const outcome = await sealwright("operator rekey -format=json", { typed: ["KEY"] });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ progress: 1 });
    expect(outcome.stderr).toContain("Key (will be hidden): ");
  });

  it("are told in the end what to do with the new shares, and that rotate is another thing", async () => {
    const end = { nonce: NONCE, complete: true, keys: ["00"], keys_base64: ["AA==", "AQ==", "Ag=="], backup: false };
    stub.play({ "GET sys/rekey/init": ok(RUNNING), "PUT sys/rekey/update": ok(end) });
    const { stdout } = await sealwright("operator rekey -nonce=N KEY");
    expect(stdout).toMatch(
      new RegExp(
        `^\nKey 1: AA==\nKey 2: AQ==\nKey 3: Ag==\n\nOperation nonce: ${NONCE}\n\nSealwright unseal keys rekeyed to 3 `,
      ),
    );
    expect(stdout.replace(/\s+/g, " ")).toContain("Without at least 2 of these keys nothing can open the storage.");
    expect(stdout).toContain('"sealwright operator rotate"');
  });
});

describe("a rekey that is not what was meant", () => {
  it.each(["operator rekey -init", "operator rekey -init -n=3 -t=2", "operator rotate-keys -init"])(
    "is not started by '%s' on an auto seal, which names the missing flag",
    async (line) => {
      stub.play({ "GET sys/seal-status": ok({ recovery_seal: true }) });
      const outcome = await sealwright(line);
      expect(outcome).toMatchObject({ code: 1, stdout: "" });
      expect(outcome.stderr).toContain("-target=recovery");
      expect(outcome.stderr).toContain("-target=barrier");
      expect(stub.routes).toEqual(["GET sys/seal-status"]);
    },
  );

  it("is started by an explicit -target=barrier, without numbers that nobody gave", async () => {
    stub.play({
      "GET sys/seal-status": ok({ recovery_seal: true }),
      "PUT sys/rekey/init": ok({ ...RUNNING, t: 0, n: 0 }),
    });
    const outcome = await sealwright("operator rekey -init -target=barrier");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toMatch(/^\nRotating barrier root key using recovery shares\.\n\nKey /);
    expect(outcome.stdout).not.toContain("New Shares");
    expect(stub.bodyOf("PUT sys/rekey/init")).toEqual({ backup: false, require_verification: false });
  });

  it.each([
    ["operator rekey -nonce=N KEY", "sys/rekey/init", "sys/rekey-recovery-key/init", "-target=recovery"],
    ["operator rekey -recovery -nonce=N KEY", "sys/rekey-recovery-key/init", "sys/rekey/init", "-target=barrier"],
    ["operator rotate-keys -nonce=N KEY", "sys/rotate/root/init", "sys/rotate/recovery/init", "-target=recovery"],
  ])("is named to '%s', with the flag to add", async (line, idle, running, flag) => {
    stub.play({ [`GET ${idle}`]: ok(IDLE), [`GET ${running}`]: ok(RUNNING) });
    const outcome = await sealwright(line);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr.replace(/\s+/g, " ")).toContain(`add ${flag}.`);
    expect(stub.routes.every((route) => route.startsWith("GET "))).toBe(true);
  });

  it("is told as none when the other target cannot be asked", async () => {
    stub.play({
      "GET sys/rekey/init": ok(IDLE),
      "GET sys/rekey-recovery-key/init": refused(400, "recovery rekeying not supported"),
    });
    const outcome = await sealwright("operator rekey -nonce=N KEY");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^No rekey is in progress\. Start/);
  });

  it.each([
    ["operator rekey -init -status", "-init and -status are different things"],
    ["operator rekey -cancel -backup-delete", "-cancel and -backup-delete are different things"],
    ["operator rekey -recovery -target=barrier -status", "contradict each other"],
    ["operator rekey -target=Recovery -status", "Unknown target: Recovery"],
    ["operator rekey -init KEY", "-init takes no key"],
    ["operator rekey -key=A B", "Two keys were given"],
    ["operator rekey -init -pgp-keys=a -pgp-keys-file=b", "use one of them"],
    ["operator rekey -key-shares=abc -init", "invalid value"],
    ["operator rekey A B", "Too many arguments (expected 1, got 2)"],
    ["operator generate-root -init -cancel", "use one of them"],
  ])("is refused before anything is sent: '%s'", async (line, message) => {
    stub.play({});
    const outcome = await sealwright(line);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(message);
    expect(stub.seen).toEqual([]);
  });

  it.each([
    ["operator rekey -nonce=N -", ""],
    ["operator rekey -nonce=N -", "  \n"],
    ["operator generate-root -nonce=N -", "\n"],
  ])("gets no empty share from '%s' with %j on standard input", async (line, stdin) => {
    stub.play({ "GET sys/rekey/init": ok(RUNNING), "GET sys/generate-root/attempt": ok(RUNNING) });
    const outcome = await sealwright(line, { stdin });
    expect(outcome).toEqual({ code: 1, stdout: "", stderr: "The key is empty.\n" });
  });

  it("is not asked for with -non-interactive", async () => {
    stub.play({ "GET sys/rekey/init": ok(RUNNING) });
    const outcome = await sealwright("operator rekey -non-interactive", { typed: ["KEY"] });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("-non-interactive forbids asking");
  });
});

describe("a rekey in progress", () => {
  it("is cancelled with its nonce in the body, not in the address", async () => {
    stub.play({ "DELETE sys/rekey-recovery-key/init": { status: 204 } });
    const outcome = await sealwright(`operator rekey -recovery -cancel -nonce=${NONCE}`);
    expect(outcome).toEqual({ code: 0, stdout: "Success! Canceled rekeying (if it was started)\n", stderr: "" });
    expect(stub.bodyOf("DELETE sys/rekey-recovery-key/init")).toEqual({ nonce: NONCE });
  });

  it("is not reported as cancelled when the server refuses", async () => {
    stub.play({ "DELETE sys/rekey/init": refused(400, "the nonce is missing") });
    const outcome = await sealwright("operator rekey -cancel");
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(
      /^Error canceling rekey: Error making API request\.[\s\S]*\* the nonce is missing\n$/,
    );
  });

  it("shows status for -status -nonce as well", async () => {
    stub.play({ "GET sys/rekey-recovery-key/init": ok(RUNNING) });
    const outcome = await sealwright(`operator rekey -target=recovery -status -nonce=${NONCE}`);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain("Rekey Progress           0/3");
  });
});

describe("rotate (walk-through E)", () => {
  const term = { term: 2, install_time: "2026-11-21T01:33:54.1Z", encryptions: 0 };

  it("shows the new term", async () => {
    stub.play({ "POST sys/rotate": { status: 204 }, "GET sys/key-status": ok(term) });
    expect(await sealwright("operator rotate")).toEqual({
      code: 0,
      stdout:
        "Success! Rotated key\n\nKey Term            2\nInstall Time        21 Nov 26 01:33 UTC\nEncryption Count    0\n",
      stderr: "",
    });
  });

  it("by a token that may not read the key status says so and ends with 0", async () => {
    stub.play({ "POST sys/rotate": { status: 204 }, "GET sys/key-status": refused(403, "permission denied") });
    const outcome = await sealwright("operator rotate");
    expect(outcome).toMatchObject({ code: 0, stdout: "Success! Rotated key\n\n" });
    expect(outcome.stderr.replace(/\s+/g, " ")).toContain('this token lacks "read" on sys/key-status.');
  });

  it("by a token that may not rotate is refused and asks nothing more", async () => {
    stub.play({ "POST sys/rotate": refused(403, "permission denied") });
    const outcome = await sealwright("operator rotate");
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^Error rotating key: Error making API request\./);
    expect(stub.routes).toEqual(["POST sys/rotate"]);
  });

  it("says that it rotated when the status fails for another reason", async () => {
    stub.play({ "POST sys/rotate": { status: 204 }, "GET sys/key-status": refused(503, "Vault is sealed") });
    const outcome = await sealwright("operator rotate -format=json");
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^The key was rotated, but/);
  });
});

describe("unseal", () => {
  const status = { type: "shamir", initialized: true, sealed: true, t: 3, n: 5, progress: 1, nonce: "x" };

  it.each([
    ["-", { stdin: "KEY\n" }],
    ["", { typed: [" KEY "] }],
  ])("takes the key from '%s'", async (argument, setup) => {
    stub.play({ "PUT sys/unseal": ok(status), "GET sys/leader": ok({ ha_enabled: false }) });
    const outcome = await sealwright(`operator unseal ${argument}`.trim(), setup);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain("Unseal Progress    1/3");
    expect(stub.bodyOf("PUT sys/unseal")).toEqual({ key: "KEY", reset: false, migrate: false });
  });

  it("without terminal names standard input", async () => {
    const outcome = await sealwright("operator unseal", { stdin: "KEY" });
    expect(outcome).toMatchObject({ code: 1, stdout: "Unseal Key (will be hidden): \n" });
    expect(outcome.stderr.replace(/\s+/g, " ")).toMatch(
      /provided on standard input with "-".*file descriptor 0 is not a terminal $/,
    );
  });

  it.each(["operator unseal -", "operator unseal -non-interactive"])(
    "sends nothing for '%s' without a key",
    async (line) => {
      stub.play({});
      expect((await sealwright(line, { stdin: "\n" })).code).toBe(1);
      expect(stub.seen).toEqual([]);
    },
  );
});

describe("generate-root", () => {
  const attempt = { nonce: NONCE, started: true, progress: 0, required: 2, complete: false, otp_length: 26 };

  it("hands out the one-time password, which decodes the token", async () => {
    stub.play({ "PUT sys/generate-root/attempt": ok({ ...attempt, otp: "ry0binTA7fiSLhYGotOpo54Ao3" }) });
    const started = await sealwright("operator generate-root -init");
    expect(started).toMatchObject({ code: 0 });
    expect(started.stdout).toContain("OTP           ry0binTA7fiSLhYGotOpo54Ao3\nOTP Length    26\n");
    expect(started.stderr).toMatch(/^A One-Time-Password has been generated/);
    const decoded = await sealwright("operator generate-root -decode=- -otp=ry0binTA7fiSLhYGotOpo54Ao3", {
      stdin: "AVdlO18UIRRCHyRnPwEgcSksfDMAQG4FV0A\n",
    });
    expect(decoded).toEqual({ code: 0, stdout: "s.UY6zuUuyM4siy6FX3CouZD8s", stderr: "" });
  });

  it("makes one-time passwords of letters and digits of the length the server asks for", async () => {
    stub.play({ "GET sys/generate-root/attempt": ok(attempt) });
    const otps = await Promise.all([1, 2].map(() => sealwright("operator generate-root -generate-otp")));
    for (const { stdout } of otps) expect(stdout).toMatch(/^[A-Za-z0-9]{26}$/);
    expect(otps[0]!.stdout).not.toBe(otps[1]!.stdout);
  });

  it("shows the attempt before it asks for a share", async () => {
    stub.play({
      "GET sys/generate-root/attempt": ok(attempt),
      "PUT sys/generate-root/update": ok({ ...attempt, progress: 1, otp_length: 0 }),
    });
    const outcome = await sealwright("operator generate-root", { typed: ["KEY"], stdoutIsTTY: true });
    expect(outcome.stdout).toContain(`Operation nonce: ${NONCE}\nUnseal Key (will be hidden): `);
    expect(stub.bodyOf("PUT sys/generate-root/update")).toEqual({ key: "KEY", nonce: NONCE });
  });

  it.each([
    ["without a key in progress", "operator generate-root KEY", "No root generation is in progress."],
    ["of a token that is not base64", "operator generate-root -decode=*** -otp=abc", "not base64"],
    ["of a token without its password", "operator generate-root -decode=AAAA", "Missing otp"],
    ["of a token with another password", "operator generate-root -decode=AAAA -otp=ab", "3 != 2"],
  ])("is refused %s", async (_what, line, message) => {
    stub.play({ "GET sys/generate-root/attempt": ok({ ...attempt, started: false }) });
    const outcome = await sealwright(line);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(message);
  });
});
