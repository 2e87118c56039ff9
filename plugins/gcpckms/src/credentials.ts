// SPDX-License-Identifier: Apache-2.0
/** Credentials that the settings name, checked before Google's library sees them, which takes whatever it is given. */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import * as z from "zod";
import { contradiction } from "./errors.ts";

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

const text = z.string().min(1);

const credentialsSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("service_account"),
    client_email: text,
    private_key: z.string().refine(isPrivateKey, "expected an RSA key in PEM form"),
    private_key_id: text.optional(),
  }),
  z.object({ type: z.literal("authorized_user"), client_id: text, client_secret: text, refresh_token: text }),
  z.looseObject({ type: z.literal("external_account"), audience: text, subject_token_type: text, token_url: text }),
  z.looseObject({ type: z.literal("impersonated_service_account"), source_credentials: z.looseObject({ type: text }) }),
]);

/** What a credentials file holds (google.aip.dev/auth/4110). */
export type Credentials = z.infer<typeof credentialsSchema>;

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    // Neither path nor Node's error, which quotes it: it may be a mistaken secret.
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw contradiction(`credentials names a file that cannot be read (${reason})`);
  }
}

/** The credentials that a setting gives, as JSON or as a file's path. `SEAL_CONFIG` where it gives none. */
export function readCredentials(setting: string): Credentials {
  const isJson = setting.trimStart().startsWith("{");
  // Neither text nor path is quoted: the text of a key that is not recognised as JSON would pass for a path.
  const source = isJson ? "credentials" : "credentials names a file that";
  const content = parseJson(isJson ? setting : contentOf(setting));
  if (typeof content !== "object" || content === null) throw contradiction(`${source} is not a JSON object`);
  const parsed = credentialsSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") || "type";
  throw contradiction(`${source} is not a credentials file: ${where} is missing or not valid`);
}
