// SPDX-License-Identifier: Apache-2.0
import {
  addressText,
  booleanText,
  type ConfigFields,
  type ConfigOf,
  isLoopback,
  optionalText,
  type SealEnvironment,
} from "@sealwright/seal";
import * as z from "zod";
import { contradiction, inPlain } from "./errors.ts";
import { isKeyName, isRegionName, regionIn } from "./key-id.ts";

const keyName = z.string().refine(isKeyName, "expected a key's id or ARN, alias/NAME, or an alias's ARN");
const regionName = z.string().refine(isRegionName, "expected a region such as eu-central-1");
const endpoint = addressText("https://kms.eu-central-1.amazonaws.com", ["https:", "http:"]);

/** `name=value`, several with commas in between, as the AWS command line writes maps. Undefined for anything else. */
function encryptionContextIn(text: string): Record<string, string> | undefined {
  const pairs = text.split(",").map((pair) => /^\s*([^=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(pair)?.slice(1) ?? []);
  if (pairs.some((pair) => pair.length === 0)) return undefined;
  const context: Record<string, string> = Object.fromEntries(pairs);
  return Object.keys(context).length === pairs.length ? context : undefined;
}

const encryptionContext = z
  .string()
  .refine((text) => encryptionContextIn(text) !== undefined, "expected name=value,name=value, each name once");

/** The settings of a `seal "awskms"` block. */
export const fields = {
  kms_key_id: {
    schema: keyName.optional(),
    doc: "The key: its id or ARN, `alias/NAME`, or an alias's ARN. Required unless `key_not_required` is set.",
    env: ["AWSKMS_WRAPPER_KEY_ID", "VAULT_AWSKMS_SEAL_KEY_ID"],
  },
  key_not_required: {
    schema: booleanText.default(false),
    doc: "`true` makes a seal that only unwraps: each blob names its key.",
  },
  region: {
    schema: regionName.optional(),
    doc: "The key's region. See below for where it is looked for when nothing is set.",
    fallbackEnv: ["AWS_REGION", "AWS_DEFAULT_REGION"],
  },
  endpoint: {
    schema: endpoint.optional(),
    doc: "Another address for KMS, such as a VPC endpoint's or an emulator's.",
    env: ["AWS_KMS_ENDPOINT"],
    fallbackEnv: ["AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"],
  },
  encryption_context: {
    schema: encryptionContext.optional(),
    doc:
      "`name=value,name=value`: goes with each request and must be the same to unwrap. Shown in CloudTrail, and a " +
      "policy can ask for it. Not known to Vault and OpenBao, which then cannot open what is wrapped.",
  },
  access_key: {
    schema: optionalText,
    doc: "An access key's id. Goes with `secret_key`.",
    secret: true,
    indirect: true,
  },
  secret_key: { schema: optionalText, doc: "That access key's secret.", secret: true, indirect: true },
  session_token: {
    schema: optionalText,
    doc: "The session token of temporary credentials.",
    secret: true,
    indirect: true,
  },
  shared_creds_filename: { schema: optionalText, doc: "A credentials file in place of `~/.aws/credentials`." },
  shared_creds_profile: { schema: optionalText, doc: "The profile to use of the shared configuration." },
  web_identity_token_file: {
    schema: optionalText,
    doc: "A file with a web identity token, to be exchanged for `role_arn`. Read for every exchange.",
  },
  role_arn: {
    schema: optionalText,
    doc: "The role to assume: with the web identity where one is given, else with the other credentials.",
  },
  role_session_name: { schema: optionalText, doc: "The session's name while a role is assumed, for CloudTrail." },
} as const satisfies ConfigFields;

/** What the seal is asked to sign its requests with. */
export interface CredentialSettings {
  /** Both, or neither and no token. */
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
  readonly sharedFile: string | undefined;
  readonly profile: string | undefined;
  readonly webIdentityTokenFile: string | undefined;
  readonly roleArn: string | undefined;
  readonly roleSessionName: string | undefined;
}

/** Which key is meant, and where it is. */
export interface Settings {
  /** The key to wrap with; without one the seal only unwraps. */
  readonly key: string | undefined;
  readonly region: string | undefined;
  /** Without a trailing `/`. */
  readonly endpoint: string | undefined;
  readonly encryptionContext: Readonly<Record<string, string>> | undefined;
  readonly credentials: CredentialSettings;
}

function credentialsOf(config: ConfigOf<typeof fields>): CredentialSettings {
  const { access_key: accessKeyId, secret_key: secretAccessKey, session_token: sessionToken } = config;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw contradiction("access_key and secret_key go together: give both, or neither");
  }
  if (sessionToken !== undefined && accessKeyId === undefined) {
    throw contradiction("session_token is given without access_key and secret_key: give all three, or none");
  }
  if (config.web_identity_token_file !== undefined && config.role_arn === undefined) {
    throw contradiction("web_identity_token_file is given without role_arn, the role that it stands for: give both");
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    sharedFile: config.shared_creds_filename,
    profile: config.shared_creds_profile,
    webIdentityTokenFile: config.web_identity_token_file,
    roleArn: config.role_arn,
    roleSessionName: config.role_session_name,
  };
}

/**
 * The settings that a configuration gives. Throws `SEAL_CONFIG` where they contradict each other. Warns where anybody
 * on the way could read the data keys.
 */
export function settingsOf(config: ConfigOf<typeof fields>, env: SealEnvironment): Settings {
  const { kms_key_id: key, region, endpoint, encryption_context: context } = config;
  if (key === undefined && !config.key_not_required) {
    throw contradiction("kms_key_id is required: set it, or the variable AWSKMS_WRAPPER_KEY_ID");
  }
  const keyRegion = key === undefined ? undefined : regionIn(key);
  if (region !== undefined && keyRegion !== undefined && keyRegion !== region) {
    throw contradiction(`kms_key_id names a key in ${keyRegion}, and region is ${region}: correct one of them`);
  }
  if (endpoint?.startsWith("http:") && !isLoopback(endpoint)) env.log("warn", inPlain(endpoint));
  const encryptionContext = context === undefined ? undefined : encryptionContextIn(context);
  return { key, region, endpoint, encryptionContext, credentials: credentialsOf(config) };
}
