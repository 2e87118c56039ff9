// SPDX-License-Identifier: Apache-2.0
/** Who signs the requests: what the block says, else the SDK's own chain. Nothing is looked for before it is needed. */
import { fromIni, fromNodeProviderChain, fromTemporaryCredentials, fromTokenFile } from "@aws-sdk/credential-providers";
import { SealError } from "@sealwright/seal";
import type { CredentialSettings } from "./config.ts";
import { isConnectionError, unreachable } from "./unreachable.ts";

type Provider = ReturnType<typeof fromNodeProviderChain>;

/** Whose credentials they are, before a role is assumed with them. */
function ownProvider(settings: CredentialSettings): Provider {
  const { accessKeyId, secretAccessKey, sessionToken, sharedFile, profile, roleSessionName } = settings;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const token = sessionToken === undefined ? {} : { sessionToken };
    return async () => ({ accessKeyId, secretAccessKey, ...token });
  }
  if (sharedFile !== undefined || profile !== undefined) {
    return fromIni({
      ...(sharedFile === undefined ? {} : { filepath: sharedFile }),
      ...(profile === undefined ? {} : { profile }),
    });
  }
  return fromNodeProviderChain(roleSessionName === undefined ? {} : { roleSessionName });
}

function providerOf(settings: CredentialSettings): Provider {
  const { accessKeyId, webIdentityTokenFile, roleArn, roleSessionName } = settings;
  if (roleArn === undefined) return ownProvider(settings);
  const session = roleSessionName === undefined ? {} : { roleSessionName };
  // Keys in the block win over the web identity, as in Vault.
  if (webIdentityTokenFile !== undefined && accessKeyId === undefined) {
    return fromTokenFile({ webIdentityTokenFile, roleArn, ...session });
  }
  return fromTemporaryCredentials({
    masterCredentials: ownProvider(settings),
    params: { RoleArn: roleArn, ...(roleSessionName === undefined ? {} : { RoleSessionName: roleSessionName }) },
  });
}

/** What to call the source of the credentials in an error, and what to do about it. */
function sourceOf(settings: CredentialSettings): { readonly what: string; readonly advice: string } {
  if (settings.roleArn !== undefined) {
    return {
      what: `for the role ${settings.roleArn}`,
      advice: "check role_arn, its trust policy, and what it is to be assumed with",
    };
  }
  if (settings.sharedFile !== undefined || settings.profile !== undefined) {
    return {
      what: `in the shared profile ${settings.profile ?? "default"}`,
      advice: "check shared_creds_filename and shared_creds_profile",
    };
  }
  return {
    what: "in the variables, the shared configuration, a web identity or the instance's role",
    advice: "give access_key and secret_key, or run where AWS gives credentials",
  };
}

/** The SDK's provider for `settings`; what it rejects with is a `SealError`. */
export function credentialsFor(settings: CredentialSettings): Provider {
  const provider = providerOf(settings);
  const { what, advice } = sourceOf(settings);
  return async (properties) => {
    try {
      return await provider(properties);
    } catch (cause) {
      if (cause instanceof Error && isConnectionError(cause)) throw unreachable("what gives AWS credentials", cause);
      throw new SealError("SEAL_DENIED", `the awskms seal has no AWS credentials ${what}`, { cause, advice });
    }
  };
}
