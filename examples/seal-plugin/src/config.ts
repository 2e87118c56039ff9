// SPDX-License-Identifier: Apache-2.0
import type { ConfigFields } from "@sealwright/seal";
import * as z from "zod";

const address = z
  .string()
  .refine(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""),
    "expected an address such as https://kms.example.com",
  )
  .transform((text) => text.replace(/\/+$/, ""));

/** The settings of a `seal "toykms"` block. Types, variables, what is masked and the refusals all come from here. */
export const fields = {
  address: {
    schema: address,
    doc: "Where the KMS answers: `https://` or `http://`, host and port.",
    env: ["TOYKMS_ADDRESS"],
  },
  token: {
    schema: z.string().regex(/^[\x21-\x7e]+$/, "it has characters that no HTTP header can carry"),
    doc: "The token that may wrap and unwrap with the key.",
    env: ["TOYKMS_TOKEN"],
    secret: true,
    indirect: true,
  },
  key_name: {
    schema: z.string().regex(/^[\w-]+$/, "expected letters, digits, - and _"),
    doc: "The name of the key that wraps.",
    env: ["TOYKMS_KEY_NAME"],
  },
} as const satisfies ConfigFields;
