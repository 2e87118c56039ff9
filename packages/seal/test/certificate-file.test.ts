// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCertificates, readTextFile, unreadableFile } from "@sealwright/seal";
import { makeTestAuthority } from "@sealwright/testing/certificates";
import { afterAll, expect, test } from "vitest";

const where = { seal: "acme", setting: "tls_ca_cert" };
const folder = mkdtempSync(join(tmpdir(), "sealwright-certificate-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("a file that is not there is SEAL_CONFIG, which names seal, setting, path and Node's code", () => {
  const path = join(folder, "absent.pem");
  const message = `seal "acme": tls_ca_cert names ${path}, which cannot be read (ENOENT)`;
  const expected = expect.objectContaining({ code: "SEAL_CONFIG", message });
  expect(() => readCertificates(where, path)).toThrow(expected);
  expect(() => readTextFile(where, path)).toThrow(expected);
});

test("a folder in place of a file is SEAL_CONFIG", () => {
  expect(() => readCertificates(where, folder)).toThrow(
    expect.objectContaining({ code: "SEAL_CONFIG", message: expect.stringContaining("EISDIR") }),
  );
});

test.each([
  ["nothing", ""],
  ["a private key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
  ["a damaged certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
])("a file with %s is SEAL_CONFIG, and its content is not told", (_what, content) => {
  const path = written("wrong.pem", content);
  const message = `seal "acme": tls_ca_cert: ${path} holds no certificate in PEM form`;
  expect(() => readCertificates(where, path)).toThrow(expect.objectContaining({ code: "SEAL_CONFIG", message }));
});

test("what was thrown without a code is told as unreadable", () => {
  expect(unreadableFile(where, "x", "odd").message).toContain("cannot be read (unreadable)");
});

test("certificates are given as they stand in the file", () => {
  const { ca } = makeTestAuthority("acme");
  expect(readCertificates(where, written("ca.pem", ca))).toBe(ca);
});
