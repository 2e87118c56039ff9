// SPDX-License-Identifier: Apache-2.0
/**
 * Who asks, and what they may. With TLS every request carries a bearer token: the JSON web token that Google's clients
 * sign with a service account's key (google.aip.dev/auth/4111). Without TLS gRPC sends no credentials, and everybody is
 * the account {@link ANYBODY}.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { permissionDenied, unauthenticated } from "./status.ts";

/** The account of those who come without credentials, where that is allowed. */
export const ANYBODY = "anybody";

const SCOPES = ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/cloudkms"];
const AUDIENCES = ["https://cloudkms.googleapis.com/", "https://cloudkms.googleapis.com"];
const SKEW_SECONDS = 5 * 60;

/** What an account may: `permissions` on every resource below `on`. */
export interface Grant {
  /** Such as `cloudkms.cryptoKeyVersions.useToEncrypt`; `*` for all. */
  readonly permissions: readonly string[];
  /** A resource's name; everything where left out. */
  readonly on?: string;
}

/** The role `roles/cloudkms.cryptoKeyEncrypterDecrypter`, as far as keys are concerned. */
export const ENCRYPTER_DECRYPTER: readonly string[] = [
  "cloudkms.cryptoKeyVersions.useToEncrypt",
  "cloudkms.cryptoKeyVersions.useToDecrypt",
];

/** The file that a service account's owner downloads, as JSON. */
export interface ServiceAccountKey {
  readonly type: "service_account";
  readonly project_id: string;
  readonly private_key_id: string;
  readonly private_key: string;
  readonly client_email: string;
  readonly client_id: string;
  readonly token_uri: string;
}

interface Claims {
  readonly iss?: string;
  readonly iat?: number;
  readonly exp?: number;
  readonly aud?: string;
  readonly scope?: string;
}

function decode(part: string | undefined): object {
  try {
    return Object(JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"))) as object;
  } catch {
    return {};
  }
}

/** The accounts, their keys and their grants. */
export class Access {
  /** How far the service's clock is ahead of this machine's, in milliseconds. */
  clockSkewMs = 0;
  /** Permissions that nobody has for now, whatever was granted. */
  readonly denied = new Set<string>();
  readonly #publicKeys = new Map<string, KeyObject>();
  readonly #grants = new Map<string, readonly Grant[]>([[ANYBODY, [{ permissions: ["*"] }]]]);

  /** Makes an account. */
  addServiceAccount(email: string, grants: readonly Grant[]): ServiceAccountKey {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    this.#publicKeys.set(email, createPublicKey(privateKey));
    this.#grants.set(email, grants);
    return {
      type: "service_account",
      project_id: email.replace(/^.*@([^.]*)\..*$/, "$1"),
      private_key_id: "1",
      private_key: privateKey,
      client_email: email,
      client_id: "1",
      token_uri: "https://oauth2.googleapis.com/token",
    };
  }

  /** Deletes an account: who comes with its key is not known any more. */
  deleteServiceAccount(email: string): void {
    this.#publicKeys.delete(email);
  }

  /** What `account` may from now on. */
  grant(account: string, grants: readonly Grant[]): void {
    this.#grants.set(account, grants);
  }

  /** The account that `authorization`, the header, proves. `UNAUTHENTICATED` where it proves none. */
  authenticate(authorization: string | undefined): string {
    const token = /^Bearer (?<token>.+)$/i.exec(authorization ?? "")?.groups?.token;
    if (token === undefined) throw unauthenticated("CREDENTIALS_MISSING");
    const [header, payload, signature = ""] = token.split(".");
    const { iss = "", iat = 0, exp = 0, aud, scope = "" } = decode(payload) as Claims;
    const publicKey = this.#publicKeys.get(iss);
    if (publicKey === undefined) throw unauthenticated("ACCOUNT_STATE_INVALID");
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url"))) {
      throw unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED");
    }
    const now = (Date.now() + this.clockSkewMs) / 1_000;
    if (now < iat - SKEW_SECONDS || now > exp + SKEW_SECONDS) throw unauthenticated("ACCESS_TOKEN_EXPIRED");
    const isForUs =
      (aud !== undefined && AUDIENCES.includes(aud)) || scope.split(" ").some((each) => SCOPES.includes(each));
    if (!isForUs) throw unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED");
    return iss;
  }

  /** Whether `account` has `permission` on `resource`. */
  allows(account: string, permission: string, resource: string): boolean {
    if (this.denied.has(permission)) return false;
    const holds = ({ permissions, on }: Grant): boolean =>
      (permissions.includes("*") || permissions.includes(permission)) &&
      (on === undefined || resource === on || resource.startsWith(`${on}/`));
    return (this.#grants.get(account) ?? []).some(holds);
  }

  /** Refuses, with `PERMISSION_DENIED`, what {@link allows} says no to. */
  authorize(account: string, permission: string, resource: string): void {
    if (!this.allows(account, permission, resource)) throw permissionDenied(permission, resource);
  }
}
