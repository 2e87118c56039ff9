// SPDX-License-Identifier: Apache-2.0
/** Access tokens: JSON web tokens with the claims of Microsoft Entra ID, signed by a secret that login and vault share. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { ServiceError } from "./service-error.ts";

/** How long a token is valid, in seconds. */
export const TOKEN_SECONDS = 3_599;

interface Claims {
  readonly aud: string;
  readonly iss: string;
  readonly appid: string;
  readonly nbf: number;
  readonly exp: number;
}

/** What the vault accepts. */
export interface Expected {
  readonly audience: string;
  readonly issuer: string;
  /** The time at the vault, in seconds since 1970. */
  readonly now: number;
}

function unauthorized(message: string): ServiceError {
  return new ServiceError(401, "Unauthorized", message);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Issues and checks the tokens of one tenant. */
export class TokenIssuer {
  readonly #secret = randomBytes(32);

  /** A token for `clientId` that `audience` accepts. */
  issue(clientId: string, audience: string, issuer: string): string {
    const now = Math.floor(Date.now() / 1_000);
    const claims: Claims = { aud: audience, iss: issuer, appid: clientId, nbf: now, exp: now + TOKEN_SECONDS };
    const signed = `${encode({ typ: "JWT", alg: "HS256" })}.${encode(claims)}`;
    return `${signed}.${this.#sign(signed).toString("base64url")}`;
  }

  /** The client that an `Authorization` header is of. Throws 401 for none, and for a token that does not fit. */
  check(authorization: string | undefined, { audience, issuer, now }: Expected): string {
    const token = /^Bearer +(?<signed>[\w-]+\.(?<payload>[\w-]+))\.(?<signature>[\w-]+)$/i.exec(authorization ?? "");
    if (authorization === undefined) throw unauthorized("AKV10000: Request is missing a Bearer or PoP token.");
    const { signed = "", payload = "", signature = "" } = token?.groups ?? {};
    const [given, right] = [Buffer.from(signature, "base64url"), this.#sign(signed)];
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      throw unauthorized("Error validating token: IDX10511: Signature validation failed.");
    }
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Claims;
    if (claims.aud !== audience) {
      throw unauthorized(`AKV10022: Invalid audience. Expected ${audience}, found: ${claims.aud}.`);
    }
    if (claims.iss !== issuer) {
      throw unauthorized(`AKV10032: Invalid issuer. Expected ${issuer}, found ${claims.iss}.`);
    }
    if (now >= claims.exp) {
      throw unauthorized("Error validating token: IDX10223: Lifetime validation failed. The token is expired.");
    }
    if (now < claims.nbf) {
      throw unauthorized("Error validating token: IDX10222: Lifetime validation failed. The token is not yet valid.");
    }
    return claims.appid;
  }

  #sign(text: string): Buffer {
    return createHmac("sha256", this.#secret).update(text).digest();
  }
}
