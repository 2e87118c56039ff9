// SPDX-License-Identifier: Apache-2.0
import { HttpError } from "../http/problem.ts";

const HEX = /^([0-9a-fA-F]{2})+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A share's bytes from its text, hex or base64 as Vault's clients send it. Throws 400 and quotes nothing. */
export function decodeShare(text: string): Buffer {
  if (HEX.test(text)) return Buffer.from(text, "hex");
  if (text !== "" && BASE64.test(text)) return Buffer.from(text, "base64");
  throw new HttpError(400, "'key' must be a valid hex or base64 string");
}
