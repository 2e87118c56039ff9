// SPDX-License-Identifier: Apache-2.0
/** The `audit` block: the file that says who opened the store and who changed its keys. */
import { type Block, lastBlock, readBlocks } from "./blocks.ts";
import { ConfigError } from "./errors.ts";
import type { HclEntry } from "./hcl/index.ts";
import { collect, type Reading, readSection, type Section, type Settings } from "./section.ts";
import { text } from "./values.ts";

const settings = {
  path: { schema: text, doc: "The file; relative to the working directory. Made with mode 0600. Required." },
  file_path: { schema: text, doc: "Vault's name for `path`, here or in `options`." },
} as const satisfies Settings;

const FIXED_FORMAT = "a line is one JSON object, as docs/operations/audit.md describes it";

/** The settings of `audit "file"`. */
export const auditFile = {
  name: 'audit "file"',
  settings,
  blocks: ["options"],
  ignored: {
    description: "a file needs none",
    elide_list_responses: "lists are not audited",
    format: FIXED_FORMAT,
    hmac_accessor: "accessors are written as they are; tokens are not written",
    local: "this server works alone, without standbys or replication",
    log_raw: "shares, tokens and keys are never written, raw or hashed",
    mode: "the file is made with mode 0600; a mode that it is given later stays",
    prefix: FIXED_FORMAT,
  },
} satisfies Section;

/** The `audit` block. */
export interface AuditConfig {
  readonly type: "file";
  readonly path: string;
}

/** In place of a path Vault takes these; a chain of lines must be read back. */
const NO_FILES = ["stdout", "discard", "/dev/stdout", "/dev/stderr", "/dev/null"];

/** `audit "file" "name" { … }` as `audit "file" { … }`: the name is Vault's mount path, which means nothing here. */
function unnamed(block: Block): Block {
  const [entry, ...others] = block.body.entries;
  const known = [...Object.keys(settings), ...auditFile.blocks, ...Object.keys(auditFile.ignored)];
  if (entry === undefined || others.length > 0 || known.includes(entry.key)) return block;
  const [inner] = entry.value.kind === "string" ? [] : readBlocks([{ file: block.at.file, entry }], 0);
  return inner === undefined ? block : { ...inner, labels: block.labels };
}

/** The block's own entries and those in `options`, where Vault has them. */
function entriesOf({ body, at }: Block): HclEntry[] {
  const options = body.entries.filter(({ key }) => key === "options").map((entry) => ({ file: at.file, entry }));
  return [
    ...body.entries.filter(({ key }) => key !== "options"),
    ...readBlocks(options, 0).flatMap((each) => each.body.entries),
  ];
}

/** Reads the `audit` blocks, of which one may stand in a file; undefined where there is none. */
export function readAudit(blocks: readonly Block[], reading: Reading): AuditConfig | undefined {
  const given = lastBlock("audit", blocks);
  if (given === undefined) return undefined;
  const [type] = given.labels;
  if (type !== "file") {
    throw new ConfigError(`audit ${JSON.stringify(type)} is not supported: use audit "file"`, given.at);
  }
  const block = unnamed(given);
  const values = readSection(auditFile, collect(auditFile, entriesOf(block), block.at.file, reading), "audit", reading);
  const origin = reading.origins.get("audit.file_path");
  if (values.path !== undefined && values.file_path !== undefined) {
    throw new ConfigError(`${auditFile.name}: path and file_path are the same: give one of them`, block.at);
  }
  const path = values.path ?? values.file_path;
  if (path === undefined) {
    throw new ConfigError(`${auditFile.name} needs a path: path = "/var/log/sealwright/audit.log"`, block.at);
  }
  if (NO_FILES.includes(path)) {
    throw new ConfigError(`${auditFile.name}: ${path} cannot be read back and checked: name a file`, block.at);
  }
  if (origin !== undefined) {
    reading.origins.delete("audit.file_path");
    reading.origins.set("audit.path", origin);
  }
  return { type, path };
}
