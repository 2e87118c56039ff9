// SPDX-License-Identifier: Apache-2.0
/**
 * What Key Vault refuses with, as its REST reference and recordings of the service show it: a status, and the body
 * `{"error":{"code","message","innererror":{"code"}}}`.
 */

/** A refusal on its way to the client. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly innerCode?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.innerCode = more.innerCode;
    this.headers = more.headers ?? {};
  }

  /** The body of the answer. */
  get body(): object {
    const inner = this.innerCode === undefined ? {} : { innererror: { code: this.innerCode } };
    return { error: { code: this.code, message: this.message, ...inner } };
  }
}

/** 400: the request itself is wrong, or a ciphertext does not open. */
export function badParameter(message: string): ServiceError {
  return new ServiceError(400, "BadParameter", message);
}

/** 403, with the code that says why. */
export function forbidden(innerCode: string, message: string): ServiceError {
  return new ServiceError(403, "Forbidden", message, { innerCode });
}

/** 404 for a key or a version; keys that are deleted but recoverable are answered alike. */
export function keyNotFound(name: string, version = ""): ServiceError {
  const id = version === "" ? name : `${name}/${version}`;
  return new ServiceError(
    404,
    "KeyNotFound",
    `A key with (name/id) ${id} was not found in this key vault. If you recently deleted this key you may be able to ` +
      "recover it using the correct recovery command.",
  );
}

/** 404 for what is asked of the deleted keys. */
export function deletedKeyNotFound(name: string): ServiceError {
  return new ServiceError(404, "KeyNotFound", `Deleted Key not found: ${name}`);
}

/** 409: the name belongs to a key that is deleted but recoverable. */
export function deletedButRecoverable(name: string): ServiceError {
  return new ServiceError(
    409,
    "Conflict",
    `Key ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the ` +
      "key can only be recovered or purged.",
    { innerCode: "ObjectIsDeletedButRecoverable" },
  );
}

/** 429. `seconds` is what the client is asked to wait. */
export function throttled(seconds: number): ServiceError {
  return new ServiceError(
    429,
    "Throttled",
    "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
    { headers: { "Retry-After": String(seconds) } },
  );
}
