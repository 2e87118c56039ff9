// SPDX-License-Identifier: Apache-2.0
/** Copies of the directories that OpenBao wrote, and the offline commands on them. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";
import type { OfflineOptions } from "../../src/offline/session.ts";
import type { ShareRequest } from "../../src/offline/shares.ts";
import { createLog } from "../../src/runtime/log.ts";

const FIXTURES = fileURLToPath(new URL("../../../../test/fixtures", import.meta.url));
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export type Kind = "shamir" | "static";

export interface Fixture {
  readonly folder: string;
  readonly data: string;
  readonly config: string;
  readonly audit: string;
  /** Unseal shares, or recovery shares of the static seal, in hex. */
  readonly shares: readonly string[];
  /** Those that a rekey has replaced. */
  readonly oldShares: readonly string[];
}

/** A copy of the fixture `kind`, with a configuration that audits. */
export function copyOf(kind: Kind): Fixture {
  const folder = mkdtempSync(join(tmpdir(), "sealwright-adopt-"));
  folders.push(folder);
  cpSync(join(FIXTURES, kind), folder, { recursive: true });
  const { initial, current } = JSON.parse(readFileSync(join(folder, "fixture.json"), "utf8")) as Record<
    "initial" | "current",
    { readonly keys_hex: readonly string[] }
  >;
  const [data, audit, config] = [join(folder, "data"), join(folder, "audit.log"), join(folder, "server.hcl")];
  const text = readFileSync(join(folder, "config.hcl"), "utf8")
    .replace("./data", data)
    .replace("file://./", `file://${folder}/`)
    .replace("127.0.0.1:8200", "127.0.0.1:0");
  writeFileSync(config, `${text}\naudit "file" {\n  path = ${JSON.stringify(audit)}\n}\n`);
  return { folder, data, config, audit, shares: current.keys_hex, oldShares: initial.keys_hex };
}

/** What the shares were asked for as. */
export interface Asked extends OfflineOptions {
  readonly asked: ShareRequest[];
  readonly logged: string[];
}

export function optionsFor({ config }: Fixture, shares: readonly string[]): Asked {
  const asked: ShareRequest[] = [];
  const logged: string[] = [];
  return {
    configPaths: [config],
    env: {},
    asked,
    logged,
    shares: async (request) => {
      asked.push(request);
      const share = shares[request.given];
      if (share === undefined) throw new Error("no more shares");
      return share;
    },
    log: createLog({ level: "info", format: "json", write: (line) => void logged.push(line) }),
  };
}

/** Every file below `folder` in hex, by its name. The journal and the lock of the storage are no entries. */
export function filesIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return Object.fromEntries(
    entries.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), readFileSync(path, "hex")];
    }),
  );
}
