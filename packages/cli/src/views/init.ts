// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { listField, textField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import { paragraph } from "../output/wrap.ts";
import { commandName, productName } from "../product.ts";

/** What an init asked for: of unseal key shares, or of recovery key shares on an auto seal. */
export interface InitRequest {
  readonly autoSeal: boolean;
  readonly shares: number;
  readonly threshold: number;
  /** The name of the officers' seal beside an auto seal, where there is one. */
  readonly breakGlass: string | undefined;
}

/** The answer of `sys/init`: key shares and root token, and what to do with them. */
export function initResult({ body, text }: Answer, request: InitRequest): Result {
  const hex = listField(body, "keys");
  const base64 = listField(body, "keys_base64");
  const recoveryHex = listField(body, "recovery_keys");
  const recoveryBase64 = listField(body, "recovery_keys_base64");
  const rootToken = textField(body, "root_token");
  return {
    table: () =>
      [
        ...base64.map((key, at) => `${request.breakGlass ? "Break-Glass" : "Unseal"} Key ${at + 1}: ${key}`),
        ...recoveryBase64.map((key, at) => `Recovery Key ${at + 1}: ${key}`),
        "",
        `Initial Root Token: ${rootToken}`,
        "",
        request.autoSeal ? recoveryAdvice(request) : unsealAdvice(request),
        ...(request.breakGlass ? ["", breakGlassAdvice(request.breakGlass)] : []),
      ].join("\n"),
    value: {
      unseal_keys_b64: base64,
      unseal_keys_hex: hex,
      // An auto seal has one key of its own, as Vault reports it.
      unseal_shares: request.autoSeal ? 1 : request.shares,
      unseal_threshold: request.autoSeal ? 1 : request.threshold,
      recovery_keys_b64: request.autoSeal ? recoveryBase64 : null,
      recovery_keys_hex: request.autoSeal ? recoveryHex : null,
      recovery_keys_shares: request.autoSeal ? request.shares : 0,
      recovery_keys_threshold: request.autoSeal ? request.threshold : 0,
      root_token: rootToken,
    },
    raw: text,
  };
}

function unsealAdvice({ shares, threshold }: InitRequest): string {
  return [
    `${productName} initialized with ${shares} key shares and a key threshold of ${threshold}. Please securely ` +
      `distribute the key shares printed above. When the ${productName} is re-sealed, restarted, or stopped, you must ` +
      `supply at least ${threshold} of these keys to unseal it before it can start servicing requests.`,
    `${productName} does not store the generated root key. Without at least ${threshold} keys to reconstruct the root ` +
      `key, ${productName} will remain permanently sealed!`,
    "It is possible to generate new unseal keys, provided you have a quorum of existing unseal keys shares. See " +
      `"${commandName} operator rotate-keys" for more information.`,
  ]
    .map(paragraph)
    .join("\n\n");
}

function breakGlassAdvice(name: string): string {
  return paragraph(
    `The break-glass keys are of the seal "${name}": a threshold of them opens the storage when no other seal does, with ` +
      `"${commandName} operator unseal -seal=${name}", or from a backup with "${commandName} operator recover". Give each ` +
      "to another officer.",
  );
}

function recoveryAdvice({ shares, threshold }: InitRequest): string {
  return [
    `Success! ${productName} is initialized`,
    `Recovery key initialized with ${shares} key shares and a key threshold of ${threshold}. Please securely ` +
      "distribute the key shares printed above.",
  ]
    .map(paragraph)
    .join("\n\n");
}
