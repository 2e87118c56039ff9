// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at } from "../mounts/test-server.ts";
import { base64, errorOf, startTransitServer, type TransitServer } from "./transit-server.ts";

let server: TransitServer;
const view = async (name: string) => at(await server.ask("GET", `transit/keys/${name}`), "data");
const names = async () => at(await server.ask("GET", "transit/keys?list=true"), "data.keys");

beforeAll(async () => {
  server = await startTransitServer();
});
afterAll(() => server.server.stop());

describe("a mount of type transit", () => {
  test("has no keys at first: a list is 404", async () => {
    expect((await server.ask("GET", "transit/keys?list=true")).status).toBe(404);
  });

  test("is shown as what it is, and its options mean nothing to it", async () => {
    const body = { type: "transit", options: { version: "2" } };
    expect((await server.ask("POST", "sys/mounts/other", { body })).status).toBe(204);
    expect(at(await server.ask("GET", "sys/mounts/other"), "data")).toMatchObject({
      type: "transit",
      accessor: expect.stringMatching(/^transit_[0-9a-f]{8}$/),
    });
    const tuned = await server.ask("POST", "sys/mounts/other/tune", { body: { options: { version: "1" } } });
    expect(tuned.status).toBe(204);
    expect((await server.ask("POST", "other/encrypt/a", { body: { plaintext: "" } })).status).toBe(200);
  });

  test("removes its keys when it is unmounted", async () => {
    const text = String(
      at(await server.ask("POST", "other/encrypt/a", { body: { plaintext: "" } }), "data.ciphertext"),
    );
    await server.ask("DELETE", "sys/mounts/other");
    await server.ask("POST", "sys/mounts/other", { body: { type: "transit" } });
    expect((await server.ask("GET", "other/keys/a")).status).toBe(404);
    await server.ask("POST", "other/keys/a");
    expect((await server.ask("POST", "other/decrypt/a", { body: { ciphertext: text } })).status).toBe(400);
  });

  test.each([
    ["GET", "keys"],
    ["DELETE", "keys/"],
    ["GET", "encrypt/a"],
    ["PATCH", "keys/a"],
    ["GET", "keys/a?list=true"],
    ["GET", "keys/a/rotate"],
  ])("answers %s %s with 405", async (method, path) => {
    expect((await server.ask(method, `transit/${path}`, method === "PATCH" ? { body: {} } : {})).status).toBe(405);
  });

  test.each([
    "",
    "export/encryption-key/a",
    "backup/a",
    "keys/a/trim",
    "keys/a/config/b",
    "encrypt/",
    "encrypt/-a",
    "encrypt/a.",
  ])("knows nothing at %j", async (path) => {
    const answer = await server.post(path, { plaintext: "" });
    expect(answer.status).toBe(404);
    expect(errorOf(answer)).toContain("unsupported path");
  });
});

describe("making a key", () => {
  test.each([
    ["another type", { type: "rsa-2048" }, "unknown key type rsa-2048"],
    ["no type at all", { type: "" }, "unknown key type"],
    ["a key that may leave", { exportable: true }, "exportable is not served"],
    ["a backup in plain", { allow_plaintext_backup: "true" }, "allow_plaintext_backup is not served"],
    ["derivation", { derived: 1 }, "derived is not served"],
    ["convergence", { convergent_encryption: true }, "convergent_encryption is not served"],
    ["rotation by itself", { auto_rotate_period: "30d" }, "auto_rotate_period is not served"],
    ["a type that is no text", { type: 5 }, "type: expected a text"],
  ])("is refused for %s, and no key is made", async (_what, body, sentence) => {
    const answer = await server.post("keys/refused", body);
    expect({ status: answer.status, error: errorOf(answer) }).toEqual({
      status: 400,
      error: expect.stringContaining(sentence),
    });
    expect((await server.ask("GET", "transit/keys/refused")).status).toBe(404);
  });

  test("shows it without its material", async () => {
    const made = await server.post("keys/a-1.b");
    expect(made.status).toBe(200);
    const created = at(made, "data.keys.1");
    expect(Math.abs(Number(created) - Date.now() / 1000)).toBeLessThan(60);
    expect(await view("a-1.b")).toEqual({
      name: "a-1.b",
      type: "aes256-gcm96",
      derived: false,
      deletion_allowed: false,
      min_available_version: 0,
      min_decryption_version: 1,
      min_encryption_version: 0,
      latest_version: 1,
      exportable: false,
      allow_plaintext_backup: false,
      auto_rotate_period: 0,
      imported_key: false,
      supports_encryption: true,
      supports_decryption: true,
      supports_derivation: false,
      supports_signing: false,
      keys: { 1: created },
    });
  });

  test("that is there already changes nothing and says so", async () => {
    const before = await view("a-1.b");
    const again = await server.post("keys/a-1.b", { exportable: false, auto_rotate_period: 0 });
    expect(at(again, "warnings")).toEqual(["key a-1.b already existed"]);
    expect(await view("a-1.b")).toEqual(before);
  });

  test("by ten clients at once makes one", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.post("keys/race")));
    expect(answers.filter((each) => at(each, "warnings") === null)).toHaveLength(1);
  });

  test("takes names that a storage path cannot have", async () => {
    for (const name of ["_hidden", "x".repeat(300)]) await server.post(`keys/${name}`);
    expect(await names()).toEqual(["_hidden", "a-1.b", "race", "x".repeat(300)]);
  });
});

describe("rotating", () => {
  test("a key that is not there is refused", async () => {
    expect(await server.post("keys/none/rotate")).toMatchObject({ status: 400, body: { errors: ["key not found"] } });
    expect((await server.ask("GET", "transit/keys/none")).status).toBe(404);
  });

  test("adds a version; ten at once add ten", async () => {
    await server.post("keys/turning");
    expect(at(await server.post("keys/turning/rotate"), "data.latest_version")).toBe(2);
    await Promise.all(Array.from({ length: 10 }, () => server.post("keys/turning/rotate")));
    expect(await view("turning")).toMatchObject({ latest_version: 12, min_decryption_version: 1 });
  });
});

describe("configuring", () => {
  test.each([
    ["a negative minimum", { min_decryption_version: -1 }, "min decryption version cannot be negative"],
    ["a minimum above the latest", { min_decryption_version: 13 }, "cannot set min decryption version of 13"],
    ["one for encryption above it", { min_encryption_version: 13 }, "cannot set min encryption version of 13"],
    ["a negative one for encryption", { min_encryption_version: -2 }, "min encryption version cannot be negative"],
    [
      "minima that contradict each other",
      { min_decryption_version: 5, min_encryption_version: 4 },
      "min encryption version of 4 must be greater than or equal to min decryption version of 5",
    ],
    ["a minimum that is no number", { min_decryption_version: "two" }, "expected a whole number"],
    ["a key that may leave", { exportable: true }, "exportable is not served"],
    ["one good and one bad value", { deletion_allowed: true, min_decryption_version: 99 }, "cannot set min decryption"],
  ])("is refused for %s, and nothing changes", async (_what, body, sentence) => {
    const before = await view("turning");
    const answer = await server.post("keys/turning/config", body);
    expect({ status: answer.status, error: errorOf(answer) }).toEqual({
      status: 400,
      error: expect.stringContaining(sentence),
    });
    expect(await view("turning")).toEqual(before);
  });

  test("a key that is not there is refused", async () => {
    expect(errorOf(await server.post("keys/none/config", {}))).toBe("no existing key named none could be found");
  });

  test("changes what is named; versions that no longer decrypt are not shown", async () => {
    const answer = await server.post("keys/turning/config", { min_decryption_version: "11" });
    expect(Object.keys(at(answer, "data.keys") as object)).toEqual(["11", "12"]);
    await server.post("keys/turning/config", { min_encryption_version: 12, min_decryption_version: 0 });
    expect(await view("turning")).toMatchObject({ min_decryption_version: 1, min_encryption_version: 12 });
  });
});

describe("deleting", () => {
  test("is refused until the configuration allows it", async () => {
    const refused = await server.ask("DELETE", "transit/keys/race");
    expect(refused.status).toBe(400);
    expect(errorOf(refused)).toBe("error deleting policy race: deletion is not allowed for this key");
    expect(await view("race")).toMatchObject({ latest_version: 1 });
  });

  test("a key that is not there is refused", async () => {
    expect(errorOf(await server.ask("DELETE", "transit/keys/none"))).toContain("could not delete key; not found");
  });

  test("removes what decrypts: a new key of the name opens nothing of the old one", async () => {
    const ciphertext = at(await server.post("encrypt/race", { plaintext: base64("gone") }), "data.ciphertext");
    await server.post("keys/race/config", { deletion_allowed: true });
    expect((await server.ask("DELETE", "transit/keys/race")).status).toBe(204);
    expect(errorOf(await server.post("decrypt/race", { ciphertext }))).toBe("encryption key not found");
    await server.post("keys/race");
    expect(errorOf(await server.post("decrypt/race", { ciphertext }))).toContain("authentication failed");
  });
});
