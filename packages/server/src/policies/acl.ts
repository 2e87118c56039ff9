// SPDX-License-Identifier: Apache-2.0
/** What a set of policies allows together. Immutable; made once for a set and used for every request. */
import { type Capability, type CapabilitySet, includes, namesOf, union } from "./capability.ts";
import { mergeParameterRules, NO_PARAMETER_RULES } from "./parameters.ts";
import type { PathRule } from "./parse-policy.ts";
import { byPrecedence, isExact, matches } from "./pattern.ts";

/** Rules of the same path, from one policy or several: what any grants, unless one denies. */
function merge(a: PathRule, b: PathRule): PathRule {
  const capabilities = union(a.capabilities, b.capabilities);
  const parameters = includes(capabilities, "deny")
    ? NO_PARAMETER_RULES
    : mergeParameterRules(a.parameters, b.parameters);
  return { pattern: a.pattern, capabilities, parameters };
}

/** What several policies together allow. */
export class Acl {
  readonly #exact = new Map<string, PathRule>();
  /** The rest, the one that counts most first. */
  readonly #patterns: readonly PathRule[];

  constructor(rules: readonly PathRule[]) {
    const merged = new Map<string, PathRule>();
    for (const rule of rules) {
      const known = merged.get(rule.pattern.text);
      merged.set(rule.pattern.text, known === undefined ? rule : merge(known, rule));
    }
    for (const rule of merged.values()) if (isExact(rule.pattern)) this.#exact.set(rule.pattern.text, rule);
    this.#patterns = [...merged.values()]
      .filter(({ pattern }) => !isExact(pattern))
      .sort((a, b) => byPrecedence(a.pattern, b.pattern));
  }

  /** The one rule that counts for `path`. */
  rule(path: string): PathRule | undefined {
    return this.#exact.get(path) ?? this.#bestPattern(path);
  }

  /** The one rule that counts for listing `folder`, which ends in `/`: rules without that slash come first. */
  listRule(folder: string): PathRule | undefined {
    const path = folder.replace(/\/$/, "");
    return this.#exact.get(folder) ?? this.#exact.get(path) ?? this.#bestPattern(path) ?? this.#bestPattern(folder);
  }

  /** What the policies grant on `path`, whatever is asked for: the names that `sys/capabilities` shows. */
  capabilities(path: string): Capability[] {
    return namesOf(this.listRule(path)?.capabilities ?? 0);
  }

  hasSudo(path: string): boolean {
    return includes(this.rule(path)?.capabilities ?? 0, "sudo");
  }

  /** What is granted where, for `sys/internal/ui/resultant-acl`. */
  describe(): { exact: [string, CapabilitySet][]; globs: [string, CapabilitySet][] } {
    const described = ({ pattern, capabilities }: PathRule): [string, CapabilitySet] => [
      pattern.wildcards === 0 && pattern.isPrefix ? pattern.text.slice(0, -1) : pattern.text,
      capabilities,
    ];
    return { exact: [...this.#exact.values()].map(described), globs: this.#patterns.map(described) };
  }

  #bestPattern(path: string): PathRule | undefined {
    const segments = path.split("/");
    return this.#patterns.find(({ pattern }) => matches(pattern, path, segments));
  }
}
