// SPDX-License-Identifier: Apache-2.0
/** A look at library, token and key for `seal doctor`: makes nothing, changes nothing, logs in at most once. */
import { type Check, type Diagnosis, type FactSheet, isSealError, type SealEnvironment } from "@sealwright/seal";
import { checkNames, HMACS, MECHANISMS, type Pkcs11Config } from "./config.ts";
import { Connection } from "./connection.ts";
import { attempt } from "./errors.ts";
import { describeKey, type FoundKey, KeyFinder } from "./key-finder.ts";
import { KeyRing } from "./key-ring.ts";
import { Library } from "./library.ts";
import type { Session } from "./session.ts";
import { findToken, initialisedTokens, type Token } from "./token.ts";
import { vendorOf } from "./vendors.ts";

const ATTRIBUTES = [
  "CKA_TOKEN",
  "CKA_PRIVATE",
  "CKA_SENSITIVE",
  "CKA_EXTRACTABLE",
  "CKA_ENCRYPT",
  "CKA_DECRYPT",
  "CKA_SIGN",
] as const;

/** Collects what is found, and goes on where a step fails. */
class Findings {
  readonly sheets: FactSheet[] = [];
  readonly checks: Check[] = [];

  sheet(title: string, facts: FactSheet["facts"]): void {
    this.sheets.push({ title, facts });
  }

  ok(what: string): void {
    this.checks.push({ status: "ok", what });
  }

  warn(what: string, advice: string): void {
    this.checks.push({ status: "warning", what, advice });
  }

  /** Takes an error of the seal as a failed check. Anything else is a fault of this code, and is thrown. */
  fail(error: unknown): void {
    if (!isSealError(error)) throw error;
    this.checks.push({ status: "failed", what: error.message, advice: error.advice });
  }
}

function describeLibrary(library: Library, findings: Findings): void {
  const info = attempt("reading the library's info", () => library.calls.C_GetInfo());
  const vendor = vendorOf(info);
  const version = ({ major, minor }: { major: number; minor: number }): string => `${major}.${minor}`;
  findings.sheet("Library", [
    ["path", library.path],
    ["manufacturer", info.manufacturerID.trimEnd()],
    ["description", info.libraryDescription.trimEnd()],
    ["version", version(info.libraryVersion)],
    ["PKCS#11 version", version(info.cryptokiVersion)],
    ["known as", `${vendor.name}: ${vendor.note}`],
  ]);
  findings.ok(`the library ${library.path} loads and starts`);
  if (!vendor.tested) {
    findings.warn(`this make (${vendor.name}) was never tested with this seal`, "rely on the round trip below");
  }
}

function pinState({ flags }: Token, { ck }: Library): string {
  if ((flags & ck.CKF_USER_PIN_LOCKED) !== 0) return "locked";
  if ((flags & ck.CKF_USER_PIN_FINAL_TRY) !== 0) return "one try left";
  if ((flags & ck.CKF_USER_PIN_COUNT_LOW) !== 0) return "mistyped since the last login";
  return (flags & ck.CKF_USER_PIN_INITIALIZED) === 0 ? "not set" : "set";
}

function describeTokens(library: Library, config: Pkcs11Config, findings: Findings): Token {
  const tokens = initialisedTokens(library);
  if (tokens.length === 0) findings.sheet("Tokens", [["none", "–"]]);
  for (const token of tokens) {
    findings.sheet(`Token "${token.label}"`, [
      ["slot", String(token.slotNumber)],
      ["serial number", token.serial],
      ["PIN", pinState(token, library)],
    ]);
  }
  const token = findToken(library, config);
  findings.ok(`the token "${token.label}" is there`);
  if (config.slot !== undefined) {
    findings.warn("the token is named by its slot, and slots change numbers", `set token_serial = "${token.serial}"`);
  }
  if (pinState(token, library).startsWith("mistyped")) {
    findings.warn("a wrong PIN was given since the last login", "find out which program did, before the token locks");
  }
  return token;
}

function describeMechanisms({ calls }: Library, token: Token, config: Pkcs11Config, findings: Findings): void {
  const offered = attempt("listing the token's mechanisms", () => calls.C_GetMechanismList(token.slot));
  const facts = Object.entries({ ...MECHANISMS, ...HMACS }).map(([name, number]): [string, string] => {
    if (!offered.includes(number)) return [name, "not offered"];
    const info = attempt(`reading about ${name}`, () => calls.C_GetMechanismInfo(token.slot, number));
    return [name, `keys of ${info.minKeySize} to ${info.maxKeySize} (bits or bytes, as the library counts)`];
  });
  findings.sheet(`Mechanisms of "${token.label}" (${offered.length} in all; those that this seal can use)`, facts);
  const { mechanism } = config;
  if (mechanism === undefined || offered.includes(MECHANISMS[mechanism])) return;
  findings.checks.push({
    status: "failed",
    what: `the token does not offer ${mechanism}`,
    advice: "set another mechanism",
  });
}

function describeMatch(session: Session, key: FoundKey, findings: Findings): void {
  const { ck } = session.library;
  const value = (name: (typeof ATTRIBUTES)[number]): string => {
    const bytes = session.attribute(key.handle, ck[name]);
    return bytes === undefined ? "–" : bytes[0] === 0 ? "false" : "true";
  };
  const name = `"${key.label}" (id ${key.id || "none"})`;
  const kinds = {
    [ck.CKO_SECRET_KEY]: "Secret key",
    [ck.CKO_PRIVATE_KEY]: "Private key",
    [ck.CKO_PUBLIC_KEY]: "Public key",
  };
  findings.sheet(
    `${kinds[key.objectClass] ?? "Key"} ${name}`,
    ATTRIBUTES.map((attribute) => [attribute, value(attribute)] as const),
  );
  if (key.objectClass === ck.CKO_PUBLIC_KEY) return;
  const another = (attribute: string): string => `make another with ${attribute}, and move to it`;
  if (value("CKA_PRIVATE") === "false") {
    findings.warn(`the key ${name} can be used without the PIN`, another("CKA_PRIVATE = true"));
  }
  if (value("CKA_EXTRACTABLE") === "true") {
    findings.warn(`the key ${name} can be taken off the token`, another("CKA_EXTRACTABLE = false"));
  }
  if (value("CKA_SENSITIVE") === "false") {
    findings.warn(`the key ${name} can be read in plain text`, another("CKA_SENSITIVE = true"));
  }
}

function describeKeys(session: Session, config: Pkcs11Config, findings: Findings): void {
  findings.ok("the PIN is right");
  const wanted = [
    { label: config.key_label, id: config.key_id },
    { label: config.hmac_key_label, id: config.hmac_key_id },
  ];
  const fits = (key: FoundKey): boolean =>
    wanted.some(({ label, id }) => {
      if (label === undefined && id === undefined) return false;
      return (label === undefined || key.label === label) && (id === undefined || key.id === id.toLowerCase());
    });
  const { ck } = session.library;
  const keys = new KeyFinder(session).all();
  const own = keys.filter(({ objectClass }) => objectClass !== ck.CKO_PUBLIC_KEY);
  findings.sheet(
    `Keys on ${session.where}`,
    own.length === 0 ? [["none", "–"]] : own.map((key) => [`"${key.label}"`, describeKey(key, ck)]),
  );
  for (const key of keys.filter(fits)) describeMatch(session, key, findings);
}

/** Looks at everything that `config` names, as far as it gets. Never rejects. */
export async function diagnosePkcs11(given: Pkcs11Config, env: SealEnvironment): Promise<Diagnosis> {
  const config = { ...given, generate_key: false };
  const findings = new Findings();
  let ready = false;
  try {
    const library = await Library.load(config.lib);
    library.start();
    describeLibrary(library, findings);
    const token = describeTokens(library, config, findings);
    describeMechanisms(library, token, config, findings);
    const keys = new KeyRing(config, env);
    const connection = new Connection(library, config, env, keys);
    try {
      await connection.use(undefined, async (session) => describeKeys(session, config, findings));
      checkNames(config);
      await connection.use(undefined, async (session) => {
        const { mechanism } = keys.toWrap(session, connection);
        findings.ok(`the key is there, and is used by ${mechanism}`);
        ready = true;
      });
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (given.generate_key && isSealError(error, "SEAL_KEY_MISSING")) {
      findings.warn("there is no such key yet", "the first wrap makes it, since generate_key is set");
    } else {
      findings.fail(error);
    }
  }
  return { sheets: findings.sheets, checks: findings.checks, ready };
}
