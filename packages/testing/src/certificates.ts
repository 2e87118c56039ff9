// SPDX-License-Identifier: Apache-2.0
/** Certificates for servers under test, made in this process: X.509 v3 (RFC 5280) in DER, with P-256 keys. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its private key, both as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A public key and its private key. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** An authority that lives as long as the test that made it. */
export interface TestAuthority {
  /** Its own certificate, as PEM: what clients have to trust. */
  readonly ca: string;
  /**
   * A certificate for `names`, host names and IPv4 addresses, of `keys`, a P-256 pair of its own unless given. Valid for
   * two days, from an hour ago.
   */
  issue(names: readonly string[], keys?: KeyPair): Certificate;
}

const HOUR_MS = 60 * 60 * 1_000;

const freshKeys = (): KeyPair => generateKeyPairSync("ec", { namedCurve: "P-256" });

// Tags of ASN.1 (X.690, section 8.1.2).
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const EXPLICIT = 0xa0;
const KEY_IDENTIFIER = 0x80;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

// Object identifiers, as their content octets.
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("550403", "hex");
const BASIC_CONSTRAINTS = Buffer.from("551d13", "hex");
const SUBJECT_ALT_NAME = Buffer.from("551d11", "hex");
const SUBJECT_KEY_IDENTIFIER = Buffer.from("551d0e", "hex");
const AUTHORITY_KEY_IDENTIFIER = Buffer.from("551d23", "hex");
const KEY_USAGE = Buffer.from("551d0f", "hex");

const TRUE = Buffer.from("0101ff", "hex");
const SIGNS_CERTIFICATES = Buffer.from([2, 0x04]);

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256));

function name(commonName: string): Buffer {
  const type = der(OBJECT_IDENTIFIER, COMMON_NAME);
  return der(SEQUENCE, der(SET, der(SEQUENCE, type, der(UTF8_STRING, Buffer.from(commonName)))));
}

function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, "");
  // Two digits of the year, as section 4.1.2.5 wants it until 2049.
  return der(UTC_TIME, Buffer.from(text.slice(2)));
}

function extension(id: Buffer, value: Buffer, ...critical: readonly Buffer[]): Buffer {
  return der(SEQUENCE, der(OBJECT_IDENTIFIER, id), ...critical, der(OCTET_STRING, value));
}

function alternativeName(each: string): Buffer {
  return isIPv4(each) ? der(IP_ADDRESS, Buffer.from(each.split(".").map(Number))) : der(DNS_NAME, Buffer.from(each));
}

function spki(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: "spki", format: "der" });
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash("sha256").update(spki(publicKey)).digest().subarray(0, 20);
}

interface Issuer extends KeyPair {
  readonly name: string;
}

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

function certificate(subject: Subject, issuer: Issuer): string {
  // The first bit is not set, so that the serial number is positive, nor are all of the first eight zero.
  const serial = Buffer.concat([Buffer.from([0x40]), randomBytes(15)]);
  const now = Date.now();
  const identifiers = [
    extension(SUBJECT_KEY_IDENTIFIER, der(OCTET_STRING, keyIdentifier(subject.publicKey))),
    extension(AUTHORITY_KEY_IDENTIFIER, der(SEQUENCE, der(KEY_IDENTIFIER, keyIdentifier(issuer.publicKey)))),
  ];
  const signed = der(
    SEQUENCE,
    der(EXPLICIT, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serial),
    algorithm,
    name(issuer.name),
    der(SEQUENCE, time(now - HOUR_MS), time(now + 47 * HOUR_MS)),
    name(subject.name),
    spki(subject.publicKey),
    der(EXPLICIT + 3, der(SEQUENCE, ...identifiers, ...subject.extensions)),
  );
  const signature = der(BIT_STRING, Buffer.from([0]), sign("sha256", signed, issuer.privateKey));
  const lines = der(SEQUENCE, signed, algorithm, signature).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines.trimEnd()}\n-----END CERTIFICATE-----\n`;
}

/** Makes an authority called `commonName`. */
export function makeTestAuthority(commonName: string): TestAuthority {
  const issuer: Issuer = { name: commonName, ...freshKeys() };
  const extensions = [
    extension(BASIC_CONSTRAINTS, der(SEQUENCE, TRUE), TRUE),
    extension(KEY_USAGE, der(BIT_STRING, SIGNS_CERTIFICATES), TRUE),
  ];
  return {
    ca: certificate({ ...issuer, extensions }, issuer),
    issue(names, { publicKey, privateKey } = freshKeys()) {
      const alternatives = extension(SUBJECT_ALT_NAME, der(SEQUENCE, ...names.map(alternativeName)));
      return {
        cert: certificate({ name: names[0] ?? commonName, publicKey, extensions: [alternatives] }, issuer),
        key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}
