// SPDX-License-Identifier: Apache-2.0
/** Configuration files for the servers of these tests, on a free port of the loopback. */
import { writeFile } from "node:fs/promises";
import type { SoftHsm } from "@sealwright/testing/softhsm";
import type { Workplace } from "../support/command.ts";

/** What a configuration is made of. */
export interface Parts {
  /** `lmdb` unless given. */
  readonly storage?: "lmdb" | "file";
  /** The seal's block, or nothing for Shamir. */
  readonly seal?: string;
  /** Any free one unless given. */
  readonly port?: number;
  /** Whatever else stands at the top level. */
  readonly lines?: string;
}

/** A `seal "static"` block for the key file at `path`. */
export function staticSeal(path: string): string {
  return `seal "static" {\n  current_key_id = "e2e"\n  current_key    = "file://${path}"\n}\n`;
}

/** A `seal "pkcs11"` block; the PIN comes from the variable `HSM_PIN`. */
export function pkcs11Seal({ lib, tokenLabel }: Pick<SoftHsm, "lib" | "tokenLabel">, lines: string): string {
  return `seal "pkcs11" {
  lib         = "${lib}"
  token_label = "${tokenLabel}"
  pin         = "env://HSM_PIN"
  key_label   = "unseal-key"
  ${lines}
}
`;
}

/** Writes `server.hcl` and gives the argument that names it. The data goes to `./data`. */
export async function writeConfig(
  work: Workplace,
  { storage = "lmdb", seal = "", port = 0, lines = "" }: Parts,
): Promise<string> {
  const text = `storage "${storage}" {
  path = "./data"
}
listener "tcp" {
  address     = "127.0.0.1:${port}"
  tls_disable = true
}
${seal}${lines}`;
  await writeFile(work.path("server.hcl"), text);
  return "-config=server.hcl";
}
