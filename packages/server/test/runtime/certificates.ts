// SPDX-License-Identifier: Apache-2.0
/** Certificates for tests, made by the `openssl` command: an authority, a server's, a client's. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}

/** An authority of its own in `folder`; `name` is its common name and the beginning of its files' names. */
export function makeAuthority(folder: string, name: string): { cert: string; key: string } {
  const cert = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key`);
  const subject = ["-subj", `/CN=${name}`, "-addext", "basicConstraints=critical,CA:TRUE"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...curve, "-days", "2", ...subject, "-keyout", key, "-out", cert);
  return { cert, key };
}

/** A certificate for `localhost` and 127.0.0.1 in `folder`, issued by `authority`, with its key. */
export function issue(folder: string, authority: { cert: string; key: string }, name: string) {
  const cert = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key`);
  const extensions = join(folder, `${name}.ext`);
  writeFileSync(extensions, "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const request = join(folder, `${name}.csr`);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", ...curve, "-subj", `/CN=${name}`, "-keyout", key, "-out", request);
  const by = ["-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial"];
  openssl("x509", "-req", "-in", request, ...by, "-days", "2", "-extfile", extensions, "-out", cert);
  return { cert, key };
}

/** A server's certificate and key, with the authority that issued it. */
export function makeCertificates(folder: string): { ca: string; cert: string; key: string } {
  const authority = makeAuthority(folder, "authority");
  return { ca: authority.cert, ...issue(folder, authority, "server") };
}

/** `key` encrypted with a passphrase, as a file beside it. */
export function encryptKey(key: string): string {
  const encrypted = `${key}.encrypted`;
  openssl("pkcs8", "-topk8", "-in", key, "-passout", "pass:secret", "-out", encrypted);
  return encrypted;
}
