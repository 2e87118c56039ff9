// SPDX-License-Identifier: Apache-2.0
/** The services on a gRPC server: each request is counted, routed, authenticated, authorised, then answered. */
import { type handleUnaryCall, type Metadata, Server, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { type Access, ANYBODY } from "./access.ts";
import * as admin from "./admin-methods.ts";
import * as crypto from "./crypto-methods.ts";
import type { Faults } from "./faults.ts";
import type { KeyStore } from "./key-store.ts";
import type { Method } from "./method.ts";
import { locationOf } from "./names.ts";
import { iamPolicyService, keyManagementService } from "./service-definition.ts";
import { StatusError, statusObject } from "./status.ts";
import * as versions from "./version-methods.ts";

/** What the services work on. */
export interface ServiceParts {
  readonly store: KeyStore;
  readonly access: Access;
  readonly faults: Faults;
  /** The names of the methods that were called, in order. */
  readonly calls: string[];
  /** Whether everybody must prove who they are. */
  readonly credentials: "required" | "none";
}

function header(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return value?.toString();
}

/** Regional resources are found by a header alone (cloud.google.com/kms/docs/grpc). */
function checkRouting(metadata: Metadata, resource: string): void {
  const location = locationOf(resource);
  const routed = decodeURIComponent(header(metadata, "x-goog-request-params") ?? "");
  if (location === undefined || location === "global" || routed.includes(`/locations/${location}`)) return;
  throw new StatusError(
    status.NOT_FOUND,
    `The request concerns location '${location}' but was sent to location 'global'. Either Cloud KMS is not available ` +
      `in '${location}' or the request was misrouted. gRPC clients must ensure that 'x-goog-request-params' is specified ` +
      "in request metadata.",
  );
}

function accountOf({ access, credentials }: ServiceParts, metadata: Metadata): string {
  return credentials === "none" ? ANYBODY : access.authenticate(header(metadata, "authorization"));
}

function unary<Request, Response extends object>(
  parts: ServiceParts,
  name: string,
  answer: (request: Request, metadata: Metadata, account: string) => Response,
): handleUnaryCall<Request, Response> {
  return async ({ request, metadata }, callback) => {
    parts.calls.push(name);
    try {
      await parts.faults.before();
      const response = answer(request, metadata, accountOf(parts, metadata));
      callback(null, parts.faults.after(name, response));
    } catch (error) {
      callback(statusObject(error));
    }
  };
}

/** A server with Cloud KMS, and of IAM `TestIamPermissions`. What is not served is `UNIMPLEMENTED`. */
export function createService(parts: ServiceParts): Server {
  const serve = <Request, Response extends object>(name: string, method: Method<Request, Response>) => ({
    [name]: unary<Request, Response>(parts, name, (request, metadata, account) => {
      const resource = method.resource(request);
      checkRouting(metadata, resource);
      parts.access.authorize(account, method.permission, resource);
      return method.run(parts.store, request);
    }),
  });

  const keyManagement: UntypedServiceImplementation = {
    ...serve("CreateKeyRing", admin.createKeyRing),
    ...serve("GetKeyRing", admin.getKeyRing),
    ...serve("ListKeyRings", admin.listKeyRings),
    ...serve("CreateCryptoKey", admin.createCryptoKey),
    ...serve("GetCryptoKey", admin.getCryptoKey),
    ...serve("ListCryptoKeys", admin.listCryptoKeys),
    ...serve("UpdateCryptoKey", admin.updateCryptoKey),
    ...serve("UpdateCryptoKeyPrimaryVersion", admin.updateCryptoKeyPrimaryVersion),
    ...serve("CreateCryptoKeyVersion", versions.createCryptoKeyVersion),
    ...serve("GetCryptoKeyVersion", versions.getCryptoKeyVersion),
    ...serve("ListCryptoKeyVersions", versions.listCryptoKeyVersions),
    ...serve("UpdateCryptoKeyVersion", versions.updateCryptoKeyVersion),
    ...serve("DestroyCryptoKeyVersion", versions.destroyCryptoKeyVersion),
    ...serve("RestoreCryptoKeyVersion", versions.restoreCryptoKeyVersion),
    ...serve("Encrypt", crypto.encrypt),
    ...serve("Decrypt", crypto.decrypt),
  };

  // Takes no permission itself. A resource that is not there gives none, not NOT_FOUND.
  const testIamPermissions = unary<
    { readonly resource: string; readonly permissions: readonly string[] },
    { readonly permissions: readonly string[] }
  >(parts, "TestIamPermissions", ({ resource, permissions }, metadata, account) => {
    checkRouting(metadata, resource);
    const held = (each: string): boolean => parts.store.has(resource) && parts.access.allows(account, each, resource);
    return { permissions: permissions.filter(held) };
  });

  const server = new Server();
  server.addService(keyManagementService, keyManagement);
  server.addService(iamPolicyService, { TestIamPermissions: testIamPermissions });
  return server;
}
