// SPDX-License-Identifier: Apache-2.0
import { guardSeal, type Seal, type SealCall } from "@sealwright/seal";
import * as z from "zod";
import { garbled, keyMissing, nameOf, noAdditionalData, noCiphertext } from "./errors.ts";
import { type Operation, refused } from "./refusals.ts";
import type { Answer, Remote } from "./remote.ts";

/** Vault's text for a ciphertext: the version that made it, counted from 1, and padded base64. */
const TEXT = /^vault:(?<version>v[1-9]\d*):(?<sealed>[A-Za-z0-9+/]+={0,2})$/;

const refusalSchema = z.object({ errors: z.array(z.string()) });
const encryptedSchema = z.object({ data: z.object({ ciphertext: z.string() }) });
const decryptedSchema = z.object({ data: z.object({ plaintext: z.string() }) });

/** The bytes, one or more, that padded base64 stands for. Undefined for any other text, one with spare bits included. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length > 0 && bytes.toString("base64") === text ? bytes : undefined;
}

/** The version that a ciphertext names, such as `v3`, or undefined where it is none. */
function versionIn(text: string): string | undefined {
  const { version, sealed = "" } = TEXT.exec(text)?.groups ?? {};
  return decodeBase64(sealed) === undefined ? undefined : version;
}

/**
 * A seal that asks `remote` for each wrap and unwrap, once. Its blobs hold Vault's text, and as key id the prefix and the
 * key's version, such as `v3`. Additional data is refused: old servers drop it unseen. `stopRenewal` is called on close.
 */
export function openTransitSeal(remote: Remote, keyIdPrefix: string, stopRenewal: () => void): Seal {
  const { settings } = remote;
  const mount = settings.mount.split("/").map(encodeURIComponent).join("/");

  const ask = async (operation: Operation, body: object, call: SealCall | undefined): Promise<Answer> => {
    const answer = await remote.post(`${mount}/${operation}/${settings.key}`, body, call?.signal);
    const { status } = answer;
    if (status >= 200 && status < 300) return answer;
    const sentences = refusalSchema.safeParse(answer.body).data?.errors ?? [];
    throw refused(settings, operation, { status, sentences });
  };

  const checkAad = (call: SealCall | undefined): void => {
    if (call?.aad !== undefined && call.aad.length > 0) throw noAdditionalData(settings);
  };

  const seal: Seal = {
    type: "transit",
    async wrap(plaintext, call) {
      checkAad(call);
      const { status, body } = await ask("encrypt", { plaintext: Buffer.from(plaintext).toString("base64") }, call);
      const text = encryptedSchema.safeParse(body).data?.data.ciphertext ?? "";
      const version = versionIn(text);
      if (version === undefined) throw garbled(settings, status);
      return { ciphertext: Buffer.from(text, "ascii"), keyInfo: { keyId: keyIdPrefix + version } };
    },
    async unwrap(blob, call) {
      checkAad(call);
      const text = Buffer.from(blob.ciphertext).toString("latin1");
      const version = versionIn(text);
      if (version === undefined) throw noCiphertext(settings);
      // The prefix is a label that an operator may change; the version is not.
      const keyId = blob.keyInfo?.keyId ?? "";
      if (keyId !== "" && !keyId.endsWith(version)) throw keyMissing(settings, keyId, version);
      const { status, body } = await ask("decrypt", { ciphertext: text }, call);
      const plaintext = decodeBase64(decryptedSchema.safeParse(body).data?.data.plaintext ?? "");
      if (plaintext === undefined) throw garbled(settings, status);
      return plaintext;
    },
    async close() {
      stopRenewal();
      remote.close();
    },
  };
  return guardSeal(seal, nameOf(settings));
}
