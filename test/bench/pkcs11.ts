// SPDX-License-Identifier: Apache-2.0
import { openIsolated } from "@sealwright/isolation";
import { plugin } from "@sealwright/plugin-pkcs11";
import { resolveConfig, type Seal, type Stanza } from "@sealwright/seal";
import { faultyHsm } from "@sealwright/testing/faulty-hsm";
import { partMissing } from "@sealwright/testing/parts";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import pkcs11js from "pkcs11js";
import { median, type Row } from "./table.ts";

/** Machines are noisy: what is compared runs in turn, a second at a time, and the middle one counts. */
const MILLISECONDS = 1_000;
const ROUNDS = 5;
const TEXT = Buffer.alloc(32, 7);
const AES = { label: "bench-aes", id: "01" };
const RSA = { label: "bench-rsa", id: "02" };
const CALLERS = [1, 16];
const RESTARTS = 5;

/** What callers get done that each do one thing after another. */
interface Throughput {
  /** All of them together. */
  readonly perSecond: number;
  /** The slowest beside the fastest: 1 where all get the same. */
  readonly evenness: number;
}

/** Has so many callers do `work` for a while. A call that fails ends the measurement. */
async function measureThroughput(callers: number, work: (caller: number) => Promise<unknown>): Promise<Throughput> {
  const done = Array<number>(callers).fill(0);
  const began = performance.now();
  const caller = async (index: number): Promise<void> => {
    while (performance.now() < began + MILLISECONDS) {
      await work(index);
      done[index]!++;
    }
  };
  await Promise.all(done.map((_, index) => caller(index)));
  const sum = done.reduce((all, each) => all + each, 0);
  return { perSecond: (sum * 1_000) / (performance.now() - began), evenness: Math.min(...done) / Math.max(...done) };
}

/** The middle of several rounds of each, all measured in turn. */
async function inTurn<const T extends readonly (() => Promise<Throughput>)[]>(
  measures: T,
): Promise<{ [Each in keyof T]: Throughput }> {
  const rounds: Throughput[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const results: Throughput[] = [];
    for (const measure of measures) results.push(await measure());
    rounds.push(results);
  }
  const middle = (index: number): Throughput => ({
    perSecond: median(rounds.map((round) => round[index]?.perSecond ?? 0)),
    evenness: Math.min(...rounds.map((round) => round[index]?.evenness ?? 0)),
  });
  return measures.map((_, index) => middle(index)) as { [Each in keyof T]: Throughput };
}

function open(hsm: SoftHsm, over: Stanza, env: NodeJS.ProcessEnv = {}): Promise<Seal> {
  const stanza: Stanza = { lib: hsm.lib, token_label: hsm.tokenLabel, pin: hsm.pin, ...over };
  const { config } = resolveConfig("pkcs11", plugin.config, stanza, {});
  return openIsolated({
    type: "pkcs11",
    module: "@sealwright/plugin-pkcs11",
    config,
    env: { ...process.env, ...hsm.env, ...env },
    withhold: [],
    maxParallel: plugin.maxParallel?.(config) ?? 1,
    log: () => undefined,
  });
}

/** One call of the library per session in this process, without a seal: the limit. */
class RawCalls {
  readonly #calls = new pkcs11js.PKCS11();
  readonly #sessions: Buffer[];

  constructor(hsm: SoftHsm) {
    Object.assign(process.env, hsm.env);
    this.#calls.load(hsm.lib);
    this.#calls.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK });
    const slot = this.#calls.C_GetSlotList(true)[0]!;
    this.#sessions = Array.from({ length: 16 }, () => this.#calls.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION));
    this.#calls.C_Login(this.#sessions[0]!, pkcs11js.CKU_USER, hsm.pin);
  }

  key(label: string, objectClass: number): Buffer {
    const session = this.#sessions[0]!;
    this.#calls.C_FindObjectsInit(session, [
      { type: pkcs11js.CKA_LABEL, value: label },
      { type: pkcs11js.CKA_CLASS, value: objectClass },
    ]);
    const [key] = this.#calls.C_FindObjects(session, 1);
    this.#calls.C_FindObjectsFinal(session);
    return key!;
  }

  encryptGcm(caller: number, key: Buffer): Promise<Buffer> {
    const parameter = { type: pkcs11js.CK_PARAMS_AES_GCM_v240, iv: Buffer.alloc(12, 1), ivBits: 96, tagBits: 128 };
    this.#calls.C_EncryptInit(this.#sessions[caller]!, { mechanism: pkcs11js.CKM_AES_GCM, parameter }, key);
    return this.#calls.C_EncryptAsync(this.#sessions[caller]!, TEXT, Buffer.alloc(128));
  }

  decryptOaep(caller: number, key: Buffer, text: Buffer): Promise<Buffer> {
    const { CKM_SHA_1: hashAlg, CKG_MGF1_SHA1: mgf, CK_PARAMS_RSA_OAEP: type } = pkcs11js;
    const mechanism = { mechanism: pkcs11js.CKM_RSA_PKCS_OAEP, parameter: { type, hashAlg, mgf, source: 1 } };
    this.#calls.C_DecryptInit(this.#sessions[caller]!, mechanism, key);
    return this.#calls.C_DecryptAsync(this.#sessions[caller]!, text, Buffer.alloc(512));
  }

  close(): void {
    this.#calls.C_Finalize();
  }
}

async function measureCalls(hsm: SoftHsm, callers: number): Promise<Row[]> {
  const raw = new RawCalls(hsm);
  const aes = await open(hsm, { key_label: AES.label });
  const rsa = await open(hsm, { key_label: RSA.label, rsa_oaep_hash: "sha1" });
  try {
    const [blob, rsaBlob] = [await aes.wrap(TEXT), await rsa.wrap(TEXT)];
    const secret = raw.key(AES.label, pkcs11js.CKO_SECRET_KEY);
    const key = raw.key(RSA.label, pkcs11js.CKO_PRIVATE_KEY);
    const text = Buffer.from(rsaBlob.ciphertext);
    const [rawGcm, wraps, unwraps, rawOaep, rsaUnwraps] = await inTurn([
      () => measureThroughput(callers, (caller) => raw.encryptGcm(caller, secret)),
      () => measureThroughput(callers, () => aes.wrap(TEXT)),
      () => measureThroughput(callers, () => aes.unwrap(blob)),
      () => measureThroughput(callers, (caller) => raw.decryptOaep(caller, key, text)),
      () => measureThroughput(callers, () => rsa.unwrap(rsaBlob)),
    ]);
    const row = (what: string, { perSecond: figure }: Throughput, limit: Throughput): Row => ({
      what: `${what}, ${callers} at a time`,
      figure,
      unit: "/s",
      yardstick: { what: "asynchronous calls in one process", figure: limit.perSecond },
    });
    const even = Math.min(...[wraps, unwraps, rsaUnwraps].map(({ evenness }) => evenness));
    return [
      row("AES-GCM wraps", wraps, rawGcm),
      row("AES-GCM unwraps", unwraps, rawGcm),
      row("RSA-OAEP-2048 unwraps", rsaUnwraps, rawOaep),
      ...(callers === 1 ? [] : [{ what: `slowest of ${callers} callers beside the fastest`, figure: even, unit: "" }]),
    ];
  } finally {
    raw.close();
    await Promise.all([aes.close(), rsa.close()]);
  }
}

/** From the crash of the library to the next answer, in milliseconds. */
async function measureRestart(hsm: SoftHsm): Promise<Row> {
  const faulty = await faultyHsm({ forwardTo: hsm.lib });
  const durations: number[] = [];
  try {
    for (let restart = 0; restart < RESTARTS; restart++) {
      const seal = await open(hsm, { lib: faulty.lib, key_label: AES.label }, faulty.env);
      await seal.wrap(TEXT);
      faulty.crash("C_Encrypt");
      await seal.wrap(TEXT).catch(() => undefined);
      const began = performance.now();
      await seal.wrap(TEXT);
      durations.push(performance.now() - began);
      await seal.close();
    }
  } finally {
    await faulty.stop();
  }
  return { what: "from a crash to the next wrap", figure: median(durations), unit: "ms" };
}

/** The PKCS#11 seal in its process, beside the calls that it makes, on the same SoftHSM token. */
export async function measurePkcs11(): Promise<Row[]> {
  if (partMissing("SoftHSM") || partMissing("C compiler")) return [];
  const hsm = await softHsm();
  try {
    await hsm.addAesKey(AES);
    await hsm.addRsaKey(RSA);
    const rows: Row[] = [];
    for (const callers of CALLERS) rows.push(...(await measureCalls(hsm, callers)));
    return [...rows, await measureRestart(hsm)];
  } finally {
    await hsm.stop();
  }
}
