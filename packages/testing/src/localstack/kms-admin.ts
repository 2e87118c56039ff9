// SPDX-License-Identifier: Apache-2.0
/** What an administrator does with KMS, asked of LocalStack. It checks no signature, so no SDK is needed. */

/** KMS's JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** How a key can be named, all of which KMS takes. */
export interface KmsKey {
  readonly id: string;
  readonly arn: string;
  /** With `alias/` in front. */
  readonly alias: string;
}

/** What a key is made from when it must come back the same after a restart. */
export interface KmsKeySeed {
  /** A UUID. */
  readonly id: string;
  /** With `alias/` in front. */
  readonly alias: string;
  /** 32 bytes. */
  readonly material: Uint8Array;
}

/** Asks for one operation of KMS, such as `DisableKey`. Rejects with KMS's name for the error and its message. */
export type AskKms = (operation: string, input: Json) => Promise<Json>;

/** An {@link AskKms} at `endpoint` for `region`. */
export function kmsAsker(endpoint: string, region: string): AskKms {
  const scope = `test/20260101/${region}/kms/aws4_request`;
  return async (operation, input) => {
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": `TrentService.${operation}`,
        Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(input),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`KMS refused ${operation} with status ${answer.status}: ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Json);
  };
}

/** Makes a key with a given id and material, which is LocalStack's own, and its alias. */
export async function seedKey(ask: AskKms, { id, alias, material }: KmsKeySeed): Promise<KmsKey> {
  const tags = { _custom_id_: id, _custom_key_material_: Buffer.from(material).toString("base64") };
  const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
  const { KeyMetadata } = await ask("CreateKey", { Tags });
  await ask("CreateAlias", { AliasName: alias, TargetKeyId: id });
  return { id, arn: (KeyMetadata as { readonly Arn: string }).Arn, alias };
}

/** Makes a key of its own and points `alias` at it. Answers its ARN. */
export async function replaceKey(ask: AskKms, alias: string): Promise<string> {
  const { KeyMetadata } = await ask("CreateKey", {});
  const { Arn, KeyId } = KeyMetadata as { readonly Arn: string; readonly KeyId: string };
  await ask("UpdateAlias", { AliasName: alias, TargetKeyId: KeyId });
  return Arn;
}
