// SPDX-License-Identifier: Apache-2.0
/** Google's client library, loaded only when a seal is opened, and how it is made to use the settings. */
import type { KeyManagementServiceClient } from "@google-cloud/kms";
import { loadSdk } from "@sealwright/seal";
import type { googleAuthLibrary } from "google-gax";
import type { Settings } from "./config.ts";
import type { Credentials } from "./credentials.ts";

/** The library's two packages. */
export interface Sdk {
  readonly gax: typeof import("google-gax");
  readonly KeyManagementServiceClient: typeof KeyManagementServiceClient;
}

type AuthClient = googleAuthLibrary.AuthClient;

const CONNECTION = {
  // A service that is back is to be noticed within a pause of whoever tries again.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  // A seal is used seldom, and firewalls forget idle connections without a word: none is kept for long, and one on
  // which nothing comes back is given up in time for another attempt.
  "grpc.client_idle_timeout_ms": 60_000,
  "grpc.keepalive_time_ms": 5_000,
  "grpc.keepalive_timeout_ms": 5_000,
};

/** Loads the library. `SEAL_PLUGIN_UNAVAILABLE` where it is not installed. */
export async function loadLibrary(): Promise<Sdk> {
  const [gax, kms] = await loadSdk("gcpckms", ["@google-cloud/kms"], () =>
    Promise.all([import("google-gax"), import("@google-cloud/kms")]),
  );
  return { gax, KeyManagementServiceClient: kms.KeyManagementServiceClient };
}

function authClientOf({ gax, KeyManagementServiceClient: client }: Sdk, credentials: Credentials): AuthClient {
  const { JWT, UserRefreshClient, ExternalAccountClient, GoogleAuth } = gax.googleAuthLibrary;
  const { scopes } = client;
  switch (credentials.type) {
    case "service_account": {
      const { client_email: email, private_key: key, private_key_id: keyId } = credentials;
      return new JWT({ email, key, ...(keyId === undefined ? {} : { keyId }) });
    }
    case "authorized_user": {
      const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken } = credentials;
      return new UserRefreshClient({ clientId, clientSecret, refreshToken });
    }
    case "external_account": {
      const options = { ...credentials, scopes } as Parameters<typeof ExternalAccountClient.fromJSON>[0];
      return ExternalAccountClient.fromJSON(options) as AuthClient;
    }
    case "impersonated_service_account":
      return new GoogleAuth({ scopes }).fromImpersonatedJSON(credentials);
  }
}

/** What every call is made with: TLS by the authority in the settings, if there is one, and an access token. */
function secureChannel({ gax, KeyManagementServiceClient: Client }: Sdk, settings: Settings, authClient?: AuthClient) {
  const { credentials, Metadata } = gax.grpc;
  // Found at the first call, and looked for again at the next where there are none.
  const auth = new gax.GoogleAuth({ scopes: Client.scopes, ...(authClient === undefined ? {} : { authClient }) });
  const token = credentials.createFromMetadataGenerator(({ service_url: url }, done) => {
    auth.getRequestHeaders(url).then((headers) => {
      const metadata = new Metadata();
      for (const [name, value] of headers) metadata.set(name, value);
      done(null, metadata);
    }, done);
  });
  const tls = credentials.createSsl(settings.ca === undefined ? null : Buffer.from(settings.ca));
  return { auth, sslCreds: credentials.combineChannelCredentials(tls, token) };
}

function plainChannel({ gax }: Sdk) {
  // gRPC sends no credentials without TLS; the client keeps the library from looking for any.
  const authClient = new gax.googleAuthLibrary.PassThroughClient();
  return { authClient, sslCreds: gax.grpc.credentials.createInsecure() };
}

/** A client with these settings. Touches no network, and looks for no credentials, until its first call. */
export function clientOf(sdk: Sdk, settings: Settings): KeyManagementServiceClient {
  const { endpoint, userAgent, credentials } = settings;
  const { hostname, port, protocol } = endpoint;
  const isPlain = protocol === "http:";
  const authClient = credentials && authClientOf(sdk, credentials);
  return new sdk.KeyManagementServiceClient({
    apiEndpoint: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (isPlain ? 80 : 443) : Number(port),
    "grpc.primary_user_agent": userAgent,
    ...CONNECTION,
    ...(isPlain ? plainChannel(sdk) : secureChannel(sdk, settings, authClient)),
  });
}
