// SPDX-License-Identifier: Apache-2.0
/** From the text of a policy, HCL or JSON, to its rules. */
import {
  blocksOf,
  type HclBlock,
  HclError,
  type HclNode,
  type HclObject,
  KIND_NAMES,
  parseHcl,
} from "../config/hcl/index.ts";
import {
  CAPABILITIES,
  type Capability,
  type CapabilitySet,
  capabilitySet,
  isCapability,
  LEGACY_POLICIES,
} from "./capability.ts";
import { NO_PARAMETER_RULES, type ParameterRules, type ParameterValues } from "./parameters.ts";
import { type Pattern, parsePattern } from "./pattern.ts";

/** What one `path` block grants. */
export interface PathRule {
  readonly pattern: Pattern;
  readonly capabilities: CapabilitySet;
  readonly parameters: ParameterRules;
}

/** A policy's text is refused: what is wrong, with line and column. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
}

/** Restrictions of Vault and OpenBao that are not enforced here, and so must not be accepted. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  min_wrapping_ttl: "responses are not wrapped",
  max_wrapping_ttl: "responses are not wrapped",
  mfa_methods: "there is no second factor",
  control_group: "there are no control groups",
  pagination_limit: "lists are not cut into pages",
  expiration: "rules do not expire",
  list_scan_response_keys_filter_path: "lists are not filtered",
};

const SOURCE = "policy";

function refuse(sentence: string, { at }: Pick<HclNode, "at">): never {
  throw new PolicyError(`failed to parse policy: ${sentence} (at ${at.line}:${at.column})`);
}

/** The values of `body` by key. Refuses a key given twice. */
function collect(body: HclObject, path: string): Map<string, HclNode> {
  const values = new Map<string, HclNode>();
  for (const { key, value, at } of body.entries) {
    if (values.has(key)) refuse(`path ${JSON.stringify(path)}: ${key} is given twice`, { at });
    values.set(key, value);
  }
  return values;
}

function plain(node: HclNode): unknown {
  if (node.kind === "list") return node.elements.map(plain);
  if (node.kind === "object") return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
  if (node.kind === "number" && typeof node.value === "number" && Number.isInteger(node.value))
    return BigInt(node.value);
  return node.value;
}

function texts(node: HclNode, what: string): { text: string; node: HclNode }[] {
  if (node.kind !== "list") return refuse(`${what} is ${KIND_NAMES[node.kind]}, expected a list of texts`, node);
  return node.elements.map((element) =>
    element.kind === "string"
      ? { text: element.value, node: element }
      : refuse(`${what} holds ${KIND_NAMES[element.kind]}, expected a list of texts`, element),
  );
}

function valuesByField(node: HclNode, what: string): ParameterValues {
  if (node.kind !== "object")
    return refuse(`${what} is ${KIND_NAMES[node.kind]}, expected fields with lists of values`, node);
  return new Map(
    node.entries.map(({ key, value }) => {
      if (value.kind !== "list")
        return refuse(`${what}: ${key} is ${KIND_NAMES[value.kind]}, expected a list of values`, value);
      return [key.toLowerCase(), value.elements.map(plain)];
    }),
  );
}

function capabilitiesOf(values: ReadonlyMap<string, HclNode>, where: string): CapabilitySet {
  const names: Capability[] = [];
  const word = values.get("policy");
  if (word !== undefined) {
    const legacy =
      word.kind === "string" && Object.hasOwn(LEGACY_POLICIES, word.value) ? LEGACY_POLICIES[word.value] : undefined;
    if (legacy === undefined)
      return refuse(`${where}: invalid policy, expected one of ${Object.keys(LEGACY_POLICIES).join(", ")}`, word);
    names.push(...legacy);
  }
  const list = values.get("capabilities");
  for (const { text, node } of list === undefined ? [] : texts(list, `${where}: capabilities`)) {
    if (!isCapability(text)) {
      return refuse(`${where}: invalid capability ${JSON.stringify(text)}: use ${CAPABILITIES.join(", ")}`, node);
    }
    names.push(text);
  }
  return capabilitySet(names);
}

function parametersOf(values: ReadonlyMap<string, HclNode>, where: string): ParameterRules {
  const [allowed, denied, required] = ["allowed_parameters", "denied_parameters", "required_parameters"].map((key) =>
    values.get(key),
  );
  return {
    allowed:
      allowed === undefined ? NO_PARAMETER_RULES.allowed : valuesByField(allowed, `${where}: allowed_parameters`),
    denied: denied === undefined ? NO_PARAMETER_RULES.denied : valuesByField(denied, `${where}: denied_parameters`),
    required:
      required === undefined
        ? []
        : texts(required, `${where}: required_parameters`).map(({ text }) => text.toLowerCase()),
  };
}

const KEYS = ["capabilities", "policy", "allowed_parameters", "denied_parameters", "required_parameters", "comment"];

function checkKeys(values: ReadonlyMap<string, HclNode>, where: string): void {
  for (const [key, node] of values) {
    if (KEYS.includes(key)) continue;
    const reason = Object.hasOwn(UNSUPPORTED, key) ? UNSUPPORTED[key] : undefined;
    if (reason !== undefined) refuse(`${where}: ${key} is not supported, since ${reason}`, node);
    refuse(`${where}: invalid key ${JSON.stringify(key)}, expected one of ${KEYS.join(", ")}`, node);
  }
}

function ruleOf({ labels, body, at }: HclBlock): PathRule {
  const path = labels[0] ?? "";
  const where = `path ${JSON.stringify(path)}`;
  const pattern = parsePattern(path);
  if (typeof pattern === "string") return refuse(`${where}: ${pattern}`, { at });
  const values = collect(body, path);
  checkKeys(values, where);
  return { pattern, capabilities: capabilitiesOf(values, where), parameters: parametersOf(values, where) };
}

/** The rules in a policy's text. Throws `PolicyError`. */
export function parsePolicy(text: string): PathRule[] {
  try {
    return parseHcl(text, SOURCE).entries.flatMap((entry) => {
      if (entry.key === "name") return [];
      if (entry.key !== "path") refuse(`invalid key ${JSON.stringify(entry.key)}, expected path`, entry);
      return blocksOf(SOURCE, entry, 1).map(ruleOf);
    });
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    const { line, column } = error.at;
    throw new PolicyError(
      `failed to parse policy: At ${line}:${column}: found ${error.found}, expected ${error.expected}`,
    );
  }
}
