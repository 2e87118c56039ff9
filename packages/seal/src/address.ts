// SPDX-License-Identifier: Apache-2.0
/** Settings that say where a service answers. */
import * as z from "zod";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The address of a service as a URL with one of `protocols`, such as `https:`, and without user, query and fragment.
 * Gives it without a trailing `/`. `example` is one, for the message.
 */
export function addressText(example: string, protocols: readonly string[]): z.ZodType<string, string> {
  return z
    .string()
    .refine((text) => {
      const url = URL.parse(text);
      if (url === null || !protocols.includes(url.protocol)) return false;
      return [url.username, url.password, url.search, url.hash].every((part) => part === "");
    }, `expected an address such as ${example}`)
    .transform((text) => text.replace(/\/+$/, ""));
}

/** Whether `address`, a URL, is on this machine. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(new URL(address).hostname);
}
