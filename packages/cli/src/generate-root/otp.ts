// SPDX-License-Identifier: Apache-2.0
import { randomInt } from "node:crypto";
import { UsageError } from "../errors.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A one-time password of `length` letters and digits, each equally likely. */
export function generateOtp(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join("");
}

/** Takes the one-time password off an encoded token (base64 without padding). Throws `UsageError`. */
export function decodeToken(encoded: string, otp: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    throw new UsageError(
      "Error decoding root token: error decoding base64'd token: it has characters that are not base64",
    );
  }
  const token = Buffer.from(encoded, "base64");
  const pad = Buffer.from(otp, "utf8");
  if (token.length !== pad.length) {
    throw new UsageError(
      "Error decoding root token: error xoring token: length of byte slices is not equivalent: " +
        `${token.length} != ${pad.length}`,
    );
  }
  return Buffer.from(token.map((byte, at) => byte ^ pad[at]!)).toString("utf8");
}
