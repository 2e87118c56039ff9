// SPDX-License-Identifier: Apache-2.0
/** Servers with several seals, and what is asked of them over HTTP. */
import { writeFile } from "node:fs/promises";
import type { CloudKms } from "@sealwright/testing/cloud-kms";
import type { LocalStack } from "@sealwright/testing/localstack";
import type { SoftHsm } from "@sealwright/testing/softhsm";
import type { Workplace } from "../../support/command.ts";
import { HSM_KEY } from "./services.ts";

/** A `seal` block. */
export interface SealBlock {
  readonly type: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly disabled?: boolean;
}

export function hsmBlock({ lib, tokenLabel, pin }: SoftHsm): SealBlock {
  const settings = { lib, token_label: tokenLabel, pin, key_label: HSM_KEY.label, mechanism: "CKM_AES_GCM" };
  return { type: "pkcs11", name: "hsm", settings };
}

export function gcpBlock({ config }: CloudKms): SealBlock {
  return { type: "gcpckms", name: "gcp", settings: { ...config } };
}

export function awsBlock({ endpoint, region, key }: LocalStack): SealBlock {
  const settings = { region, kms_key_id: key.id, endpoint, access_key: "test", secret_key: "test" };
  return { type: "awskms", name: "aws", settings };
}

/** The block of the seal that `keyFile` makes. */
export function staticBlock(name: string, byte: number): SealBlock {
  const settings = { current_key: Buffer.alloc(32, byte).toString("hex"), current_key_id: name };
  return { type: "static", name, settings };
}

function textOf({ type, name, settings, disabled = false }: SealBlock, priority: number): string {
  const own = { name, priority, ...(disabled ? { disabled: "true" } : {}), ...settings };
  const lines = Object.entries(own).map(([key, value]) => `  ${key} = ${JSON.stringify(value)}\n`);
  return `seal "${type}" {\n${lines.join("")}}\n`;
}

/** Writes a configuration with these seals, the first of which is the best, and gives the argument that names it. */
export async function writeSeals(
  work: Pick<Workplace, "path">,
  seals: readonly SealBlock[],
  storage: "lmdb" | "file" = "lmdb",
): Promise<string> {
  const blocks = seals.map((each, index) => textOf(each, index + 1)).join("");
  const text = `storage "${storage}" {
  path = "./data"
}
listener "tcp" {
  address     = "127.0.0.1:0"
  tls_disable = true
}
${blocks}`;
  await writeFile(work.path("server.hcl"), text);
  return "-config=server.hcl";
}

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is asked of a server, with a token. */
export class Client {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token = "") {
    this.#url = url;
    this.#token = token;
  }

  get(path: string): Promise<Answer> {
    return this.#ask("GET", path);
  }

  put(path: string, body: object = {}): Promise<Answer> {
    return this.#ask("PUT", path, JSON.stringify(body));
  }

  async #ask(method: string, path: string, body?: string): Promise<Answer> {
    const headers = this.#token === "" ? {} : { "X-Vault-Token": this.#token };
    const request = { method, headers, ...(body === undefined ? {} : { body }) };
    const response = await fetch(`${this.#url}/v1/${path}`, request);
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Answer["body"]) };
  }
}
