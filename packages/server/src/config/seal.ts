// SPDX-License-Identifier: Apache-2.0
/** The `seal` and `kms` blocks: what belongs to every seal is read here, the rest is the plugin's own stanza. */
import { CoreError, checkSealName } from "@sealwright/core";
import type { Stanza } from "@sealwright/seal";
import type { Block } from "./blocks.ts";
import { ConfigError, type SourcePosition } from "./errors.ts";
import { type HclEntry, KIND_NAMES } from "./hcl/index.ts";
import {
  collect,
  keyPosition,
  type Origin,
  type Reading,
  readSection,
  readVariable,
  type Section,
  type Settings,
  type ValuesOf,
  valuePosition,
} from "./section.ts";
import { flag, limit, oneOf, text, whole, words } from "./values.ts";

const settings = {
  disabled: { schema: flag, default: false, doc: "The old seal of a migration: it opens, and seals nothing new." },
  name: {
    schema: text,
    doc: "What commands and the status call this seal; else its type, `-disabled` behind it if so.",
  },
  priority: { schema: whole(1, 1000), default: 1, doc: "1 is asked first." },
  purpose: { schema: words, doc: "Read for compatibility; every seal wraps the root key." },
  isolation: {
    schema: oneOf(["process", "none"]),
    doc: "Whether the plugin runs in a process of its own; else as it asks.",
  },
  call_deadline: { schema: limit, default: "30s", doc: "How long one call of the seal may take." },
  process_memory_mib: {
    schema: whole(128, 65_536),
    default: 1_024,
    doc: "How much memory, in MiB, a seal's own process may hold before another takes its place. Watched on Linux only.",
  },
} as const satisfies Settings;

/** The keys of every seal, which its plugin never gets. */
export const SEAL_KEYS: readonly string[] = Object.keys(settings);

/** What every seal has. */
export const anySeal: Section<typeof settings> = { name: "seal", settings, ignored: {}, blocks: [] };

/** One seal. `call_deadline` is in milliseconds. */
export interface SealConfig extends Omit<ValuesOf<typeof settings>, "name" | "purpose"> {
  /** Lower case, as written or as the variable `BAO_SEAL_TYPE` says. */
  readonly type: string;
  readonly name: string;
  readonly purpose: readonly string[];
  /** For the plugin's `open`. Numbers are as written, so that `pin = 0012` keeps its zeros. */
  readonly stanza: Stanza;
  /** Where each key of the stanza stands. */
  readonly positions: ReadonlyMap<string, SourcePosition>;
  /** The operator's leave, by the command line, to log in even where one more wrong PIN locks a token. */
  readonly lastTry?: true;
  /** Where the block stands; undefined for the Shamir seal that is meant when there is no block. */
  readonly at: SourcePosition | undefined;
}

/**
 * Reads the `seal` and `kms` blocks. Without an enabled one, a Shamir seal is meant. `BAO_SEAL_TYPE` (else
 * `VAULT_SEAL_TYPE`) replaces the type of whatever is enabled.
 */
export function readSeals(blocks: readonly Block[], reading: Reading): SealConfig[] {
  const seals = blocks.map((block, index) => readSeal(block, `seal.${index}`, reading));
  if (seals.length > 1 && seals.every(({ disabled }) => disabled)) {
    throw new ConfigError("every seal is disabled: leave disabled out of the one that shall seal", blocks[0]?.at);
  }
  if (seals.every(({ disabled }) => disabled)) seals.push(impliedSeal(`seal.${seals.length}`, reading));
  requireOneType(seals, reading);
  for (const [index, seal] of seals.entries()) {
    checkName(seal);
    if (seals.findIndex(({ name }) => name === seal.name) < index) {
      throw new ConfigError(`two seals are called ${JSON.stringify(seal.name)}: give one another name`, seal.at);
    }
  }
  return seals;
}

function readSeal(block: Block, path: string, reading: Reading): SealConfig {
  const { file } = block.at;
  const label = (block.labels[0] ?? "").toLowerCase();
  const section = { ...anySeal, name: `seal ${JSON.stringify(label)}` };
  const generic = block.body.entries.filter(({ key }) => Object.hasOwn(settings, key));
  const values = readSection(section, collect(section, generic, file, reading), path, reading);
  const own = block.body.entries.filter(({ key }) => !Object.hasOwn(settings, key));
  const { stanza, positions } = readStanza(section, own, file);
  for (const [key, at] of positions) reading.origins.set(`${path}.${key}`, { from: "file", ...at });
  const written: Written = { type: label, origin: { from: "file", ...block.at } };
  const type = values.disabled ? noteType(written, path, reading) : enabledType(written, path, reading);
  const name = values.name ?? (values.disabled ? `${type}-disabled` : type);
  if (values.name === undefined) reading.origins.set(`${path}.name`, { from: "default" });
  return { ...values, type, name, purpose: values.purpose ?? [], stanza, positions, at: block.at };
}

function impliedSeal(path: string, reading: Reading): SealConfig {
  const values = readSection(anySeal, new Map(), path, reading);
  const type = enabledType({ type: "shamir", origin: { from: "default" } }, path, reading);
  reading.origins.set(`${path}.name`, { from: "default" });
  return { ...values, type, name: type, purpose: [], stanza: {}, positions: new Map(), at: undefined };
}

interface Written {
  readonly type: string;
  readonly origin: Origin;
}

function enabledType(written: Written, path: string, reading: Reading): string {
  const variable = readVariable(reading.env, "SEAL_TYPE");
  if (variable === undefined) return noteType(written, path, reading);
  const { name, value } = variable;
  return noteType({ type: value.toLowerCase(), origin: { from: "variable", name } }, path, reading);
}

function noteType({ type, origin }: Written, path: string, reading: Reading): string {
  reading.origins.set(`${path}.type`, origin);
  return type;
}

function readStanza(
  section: Section,
  entries: readonly HclEntry[],
  file: string,
): { stanza: Stanza; positions: Map<string, SourcePosition> } {
  const stanza: [string, string | boolean][] = [];
  const positions = new Map<string, SourcePosition>();
  for (const entry of entries) {
    const { key, value } = entry;
    const at = keyPosition({ file, entry });
    const earlier = positions.get(key);
    if (earlier !== undefined) {
      const { line, column } = earlier;
      throw new ConfigError(
        `${section.name}: ${key} is given twice (first at ${line}:${column}): keep one of them`,
        at,
      );
    }
    if (value.kind === "list" || value.kind === "object") {
      const problem = `${key}: expected a text, a number, true or false, found ${KIND_NAMES[value.kind]}`;
      throw new ConfigError(`${section.name}: ${problem}`, valuePosition({ file, entry }));
    }
    stanza.push([key, value.kind === "number" ? value.text : value.value]);
    positions.set(key, at);
  }
  return { stanza: Object.fromEntries(stanza), positions };
}

function checkName({ name, at }: SealConfig): void {
  try {
    checkSealName(name);
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause;
    throw new ConfigError(cause.message, at, { cause });
  }
}

const SHARES = "shamir";

/** Refuses what can only be meant of one seal where several are enabled: people's shares, and a type in a variable. */
function requireOneType(seals: readonly SealConfig[], { env }: Reading): void {
  const enabled = seals.filter(({ disabled }) => !disabled);
  if (enabled.length < 2) return;
  const variable = readVariable(env, "SEAL_TYPE");
  if (variable !== undefined) {
    const message = `the variable ${variable.name} gives one seal a type, and ${enabled.length} are enabled: unset it`;
    throw new ConfigError(message, enabled[1]?.at);
  }
  const byPeople = enabled.find(({ type }) => type === SHARES);
  if (byPeople === undefined) return;
  throw new ConfigError(
    `seal "${SHARES}" cannot be enabled beside another seal: leave the block out, and give officers shares with ` +
      "operator seal add NAME -key-shares=N -key-threshold=T",
    byPeople.at,
  );
}

/** `seals` with the operator's leave to log in even where one more wrong PIN locks a token. */
export function withLastTry(seals: readonly SealConfig[]): SealConfig[] {
  return seals.map((seal) => ({ ...seal, lastTry: true }));
}
