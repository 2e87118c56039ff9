// SPDX-License-Identifier: Apache-2.0
/** Google's own client on the server under test. */
import { KeyManagementServiceClient } from "@google-cloud/kms";
import { credentials, Metadata } from "@grpc/grpc-js";
import { googleAuthLibrary } from "google-gax";
import type { CloudKms, ServiceAccountKey } from "../../src/cloud-kms.ts";

const AUDIENCE = "https://cloudkms.googleapis.com/";

/** What a call was refused with. */
export interface Refusal {
  readonly code: number;
  readonly details: string;
  readonly reason?: string;
  readonly errorInfoMetadata?: Readonly<Record<string, string>>;
}

// grpc.status, by number as the errors have it.
export const INVALID_ARGUMENT = 3;
export const NOT_FOUND = 5;
export const ALREADY_EXISTS = 6;
export const PERMISSION_DENIED = 7;
export const RESOURCE_EXHAUSTED = 8;
export const FAILED_PRECONDITION = 9;
export const UNIMPLEMENTED = 12;
export const UNAVAILABLE = 14;
export const UNAUTHENTICATED = 16;

/** A client without credentials, which does not look for any either. */
export function clientFor({ port }: CloudKms): KeyManagementServiceClient {
  return new KeyManagementServiceClient({
    apiEndpoint: "127.0.0.1",
    port,
    projectId: "test-project",
    sslCreds: credentials.createInsecure(),
    clientOptions: { universeDomain: "googleapis.com" },
  });
}

/** A client that trusts `ca`, with the credentials of `key`, or none. */
export function secureClientFor({ port }: CloudKms, ca: string, key?: ServiceAccountKey): KeyManagementServiceClient {
  const channel = credentials.createSsl(Buffer.from(ca));
  const jwt = key && new googleAuthLibrary.JWT({ email: key.client_email, key: key.private_key });
  const sslCreds =
    jwt &&
    credentials.combineChannelCredentials(
      channel,
      credentials.createFromMetadataGenerator(async (_call, done) => {
        const { authorization } = Object.fromEntries(await jwt.getRequestHeaders(AUDIENCE));
        const metadata = new Metadata();
        metadata.set("authorization", authorization ?? "");
        done(null, metadata);
      }),
    );
  return new KeyManagementServiceClient({
    apiEndpoint: "localhost",
    port,
    sslCreds: sslCreds ?? channel,
    clientOptions: { universeDomain: "googleapis.com" },
  });
}

/** What `call` was refused with. Throws where it was not. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  const [settled] = await Promise.allSettled([call]);
  if (settled?.status === "rejected") return settled.reason as Refusal;
  throw new Error("nothing was refused");
}
