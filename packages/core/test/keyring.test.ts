// SPDX-License-Identifier: Apache-2.0
import {
  addTerm,
  DEFAULT_MAX_OPERATIONS,
  newKey,
  newKeyring,
  parseKeyring,
  serializeKeyring,
  serializeRootKey,
  withEncryptions,
  withRootKey,
  withRotation,
} from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { fixtureEntries } from "../../../test/support/fixture-entries.ts";
import { barrierVectors } from "../../../test/support/vectors.ts";

const KEY = Buffer.alloc(32, 0xa5).toString("base64");
const OTHER = Buffer.alloc(32, 0x5a).toString("base64");
const TIME = "2026-11-21T01:35:32.202460242Z";
const NOW = "2026-01-02T03:04:05.678Z";

const one = `{"Term":1,"Version":1,"Value":"${KEY}","InstallTime":"${TIME}"}`;
const rotation = `{"Disabled":false,"MaxOperations":3865470566,"Interval":0}`;

/** A keyring's text, in parts to be spoilt. */
function text(parts: { root?: string; keys?: string; rotation?: string } = {}): string {
  const { root = `"${OTHER}"`, keys = `[${one}]` } = parts;
  return `{"MasterKey":${root},"Keys":${keys},"RotationConfig":${parts.rotation ?? rotation}}`;
}

const again = (json: string): string => serializeKeyring(parseKeyring(Buffer.from(json))).toString();
const plaintextOf = (hex: string): string => Buffer.from(hex, "hex").toString();

const recorded = [
  ...barrierVectors.vectors.filter(({ path }) => path === "core/keyring").map((it) => ["vectors", it] as const),
  ...(["shamir", "static"] as const).map(
    (name) => [name, fixtureEntries(name).find(({ path }) => path === "core/keyring")!] as const,
  ),
].map(([name, { plaintext_hex: hex }]) => [name, plaintextOf(hex)] as const);

describe("the keyring's JSON", () => {
  it.each(recorded)("of OpenBao (%s) comes back byte for byte", (_, json) => {
    expect(again(json)).toBe(json);
  });

  it.each([
    ["a count beyond 2^53", text({ keys: `[${one.slice(0, -1)},"encryptions":9007199254740993}]` })],
    ["the largest count, 2^64 - 1", text({ keys: `[${one.slice(0, -1)},"encryptions":18446744073709551615}]` })],
    [
      "a limit and an interval beyond 2^53",
      text({ rotation: `{"Disabled":true,"MaxOperations":9223372036854775807,"Interval":9223372036854775807}` }),
    ],
    ["an install time with an offset", text({ keys: `[${one.replace(TIME, "2026-11-21T01:35:32.2+02:00")}]` })],
    ["an install time of whole seconds", text({ keys: `[${one.replace(TIME, "0001-01-01T00:00:00Z")}]` })],
    ["the highest term", text({ keys: `[${one.replace(`"Term":1`, `"Term":4294967295`)}]` })],
  ])("keeps %s exactly", (_, json) => {
    expect(again(json)).toBe(json);
  });

  it("leaves out a count of 0, as Go's omitempty does", () => {
    expect(again(text({ keys: `[${one.slice(0, -1)},"encryptions":0}]` }))).toBe(text());
  });

  it("takes the default limit where an old keyring has no rotation configuration", () => {
    const keyring = parseKeyring(Buffer.from(`{"MasterKey":"${OTHER}","Keys":[${one}]}`));
    const expected = { disabled: false, maxOperations: DEFAULT_MAX_OPERATIONS, intervalNanoseconds: 0n };
    expect(keyring.rotation).toEqual(expected);
  });

  it("may list the terms in any order: the highest is active, and they are written in ascending order", () => {
    const two = one.replace(`"Term":1`, `"Term":2`);
    expect(parseKeyring(Buffer.from(text({ keys: `[${two},${one}]` }))).active.term).toBe(2);
    expect(again(text({ keys: `[${two},${one}]` }))).toBe(text({ keys: `[${one},${two}]` }));
  });

  const damaged: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["an array", "[]"],
    ["null", "null"],
    ["text cut short", text().slice(0, -5)],
    ["no root key", `{"Keys":[${one}]}`],
    ["a root key of 31 bytes", text({ root: `"${Buffer.alloc(31, 1).toString("base64")}"` })],
    ["a root key of 33 bytes", text({ root: `"${Buffer.alloc(33, 1).toString("base64")}"` })],
    ["an empty root key", text({ root: `""` })],
    ["a root key that is no base64", text({ root: `"${KEY.slice(0, -4)}*$%="` })],
    ["a root key that is a number", text({ root: "7" })],
    ["no keys", text({ keys: "[]" })],
    ["keys that are no list", text({ keys: one })],
    ["a key without a value", text({ keys: `[{"Term":1,"Version":1,"InstallTime":"${TIME}"}]` })],
    ["a key of 16 bytes", text({ keys: `[${one.replace(KEY, Buffer.alloc(16).toString("base64"))}]` })],
    ["a term twice", text({ keys: `[${one},${one}]` })],
    ["term 0", text({ keys: `[${one.replace(`"Term":1`, `"Term":0`)}]` })],
    ["a negative term", text({ keys: `[${one.replace(`"Term":1`, `"Term":-1`)}]` })],
    ["a term of 2^32", text({ keys: `[${one.replace(`"Term":1`, `"Term":4294967296`)}]` })],
    ["a fractional term", text({ keys: `[${one.replace(`"Term":1`, `"Term":1.5`)}]` })],
    ["a term that is text", text({ keys: `[${one.replace(`"Term":1`, `"Term":"1"`)}]` })],
    ["an unknown key version", text({ keys: `[${one.replace(`"Version":1`, `"Version":2`)}]` })],
    ["an install time that is no time", text({ keys: `[${one.replace(TIME, "yesterday")}]` })],
    ["an install time without a zone", text({ keys: `[${one.replace(TIME, "2026-11-21T01:35:32")}]` })],
    ["a negative count", text({ keys: `[${one.slice(0, -1)},"encryptions":-1}]` })],
    ["a count of 2^64", text({ keys: `[${one.slice(0, -1)},"encryptions":18446744073709551616}]` })],
    ["a fractional count", text({ keys: `[${one.slice(0, -1)},"encryptions":1.5}]` })],
    ["a limit of 2^63", text({ rotation: rotation.replace("3865470566", "9223372036854775808") })],
    ["a fractional interval", text({ rotation: rotation.replace(`"Interval":0`, `"Interval":0.5`) })],
    ["a switch that is text", text({ rotation: rotation.replace("false", `"no"`) })],
    ["a rotation configuration that is a list", text({ rotation: "[]" })],
  ];

  it.each(damaged)("is refused as corrupt, quoting no key, when it is or has %s", async (_, json) => {
    const error = await rejectsWithCode(() => parseKeyring(Buffer.from(json)), "ENTRY_CORRUPT");
    const shown = `${error.message} ${String(error.cause)} ${error.stack}`;
    expect(shown).not.toContain(KEY.slice(0, 8));
    expect(shown).not.toContain(OTHER.slice(0, 8));
  });

  it("is refused as corrupt when it is not UTF-8", async () => {
    const bytes = Buffer.from(text());
    bytes[bytes.indexOf("Disabled")] = 0xff;
    await rejectsWithCode(() => parseKeyring(bytes), "ENTRY_CORRUPT");
  });
});

describe("a keyring", () => {
  it("gains a term without losing one, and the old term's count ends", () => {
    const first = withEncryptions(newKeyring(NOW), 77n);
    const second = addTerm(first, TIME);
    expect([...second.keys.keys()]).toEqual([1, 2]);
    expect(second.active).toMatchObject({ term: 2, installTime: TIME, encryptions: 0n });
    expect(second.keys.get(1)).toMatchObject({ installTime: NOW, encryptions: 0n });
    expect(second.keys.get(1)!.key.equals(first.active.key)).toBe(true);
    expect(second.active.key.equals(first.active.key)).toBe(false);
    expect(second.rootKey.equals(first.rootKey)).toBe(true);
  });

  it("is never changed in place", () => {
    const first = newKeyring(NOW);
    const before = serializeKeyring(first).toString();
    addTerm(first, TIME);
    withEncryptions(first, 5n);
    withRootKey(first, newKey());
    withRotation(first, { disabled: true, maxOperations: 1_000_000n, intervalNanoseconds: 0n });
    expect(serializeKeyring(first).toString()).toBe(before);
  });

  it("refuses a term after 2^32 - 1", async () => {
    const last = parseKeyring(Buffer.from(text({ keys: `[${one.replace(`"Term":1`, `"Term":4294967295`)}]` })));
    await rejectsWithCode(() => addTerm(last, TIME), "INVALID_REQUEST");
  });

  it("writes its root key for standbys as OpenBao does", () => {
    const { plaintext_hex: hex } = barrierVectors.vectors.find(({ path }) => path === "core/root-key")!;
    const keyring = barrierVectors.vectors.find(({ path }) => path === "core/keyring")!;
    const { rootKey } = parseKeyring(Buffer.from(keyring.plaintext_hex, "hex"));
    expect(serializeRootKey(rootKey).toString()).toBe(plaintextOf(hex));
  });
});
