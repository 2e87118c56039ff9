// SPDX-License-Identifier: Apache-2.0
/**
 * The two operations of Key Vault that the seal uses. Not by the SDK's `CryptographyClient`: that reads the key first,
 * which takes one more permission and one more request, and it does not say which version has wrapped.
 */
import * as z from "zod";
import { garbled } from "./errors.ts";
import { type Answer, type Question, refused } from "./refusals.ts";
import type { Vault } from "./vault.ts";

/** RSAES-OAEP with SHA-256 and MGF1 with SHA-256, as OpenBao's seal wraps. */
const ALGORITHM = "RSA-OAEP-256";

/** What servers answer that know no operation without a version; the service means a missing key by the first. */
const NOT_VERSIONLESS: readonly number[] = [404, 405];

const resultSchema = z.object({ kid: z.string(), value: z.string().regex(/^[\w-]+$/) });
const keySchema = z.object({ key: z.object({ kid: z.string() }) });

/** What an operation takes or gives, and the version of the key that it is about. */
export interface Versioned {
  /** 32 hexadecimal digits. */
  readonly version: string;
  /** A data key, or wrapped as many bytes as the key's modulus has. */
  readonly value: Buffer;
}

/** The key that a vault's settings name. Its methods reject with a `SealError`. */
export class VaultKey {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Wraps a data key with the newest version. */
  async wrap(dataKey: Uint8Array, signal: AbortSignal | undefined): Promise<Versioned> {
    const question: Question = { operation: "wrapKey", version: undefined };
    const answer = await this.#ask(question, dataKey, signal);
    const version = NOT_VERSIONLESS.includes(answer.status) ? await this.#newestVersion(signal) : undefined;
    if (version === undefined) return this.#resultOf(question, answer);
    const named = { ...question, version };
    return this.#resultOf(named, await this.#ask(named, dataKey, signal));
  }

  /** Unwraps a data key with the version that wrapped it. */
  async unwrap({ version, value }: Versioned, signal: AbortSignal | undefined): Promise<Versioned> {
    const question: Question = { operation: "unwrapKey", version };
    return this.#resultOf(question, await this.#ask(question, value, signal));
  }

  /** Ends the requests that are under way. */
  close(): void {
    this.#vault.close();
  }

  #ask(question: Question, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Answer> {
    const { operation, version } = question;
    const { key } = this.#vault.settings;
    const path = [key, ...(version === undefined ? [] : [version]), operation.toLowerCase()].join("/");
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
    return this.#vault.ask("POST", path, { alg: ALGORITHM, value }, signal);
  }

  #resultOf(question: Question, answer: Answer): Versioned {
    const { settings } = this.#vault;
    if (answer.status !== 200) throw refused(settings, question, answer);
    const result = resultSchema.safeParse(answer.body).data;
    const version = this.#versionIn(result?.kid ?? "");
    if (result === undefined || version === undefined) throw garbled(settings, answer.status);
    return { version, value: Buffer.from(result.value, "base64url") };
  }

  /** What the newest version is called, for servers that want it named. */
  async #newestVersion(signal: AbortSignal | undefined): Promise<string | undefined> {
    const { body } = await this.#vault.ask("GET", this.#vault.settings.key, undefined, signal);
    return this.#versionIn(keySchema.safeParse(body).data?.key.kid ?? "");
  }

  #versionIn(kid: string): string | undefined {
    const { name, version } = /\/keys\/(?<name>[^/]+)\/(?<version>[0-9a-zA-Z]+)$/.exec(kid)?.groups ?? {};
    return name?.toLowerCase() === this.#vault.settings.key.toLowerCase() ? version : undefined;
  }
}
