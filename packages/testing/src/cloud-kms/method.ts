// SPDX-License-Identifier: Apache-2.0
import type { KeyStore } from "./key-store.ts";

/** One method of a service: who may call it, and what it does. */
export interface Method<Request, Response> {
  /** The permission that it takes, such as `cloudkms.cryptoKeyVersions.useToEncrypt`. */
  readonly permission: string;
  /** The name of the resource that the request is about, as the permission is checked and requests are routed by it. */
  resource(request: Request): string;
  /** Throws a `StatusError`. */
  run(store: KeyStore, request: Request): Response;
}
