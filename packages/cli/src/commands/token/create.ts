// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { choice, integer, text, texts, toggle } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { parsePairs } from "../../input/pairs.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import { showSecret } from "../../views/secret.ts";

export const tokenCreate = defineCommand({
  path: "token create",
  synopsis: "Make a token",
  description:
    "Makes a token that is a child of the present one and has its policies unless others are named. Revoking the " +
    "parent revokes it, too, unless it is an orphan.",
  examples: ["token create -policy=rotate -ttl=1h", "token create -orphan -period=24h -policy=app"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    policies: texts({ name: "policy", usage: "A policy for the token; may be given several times." }),
    ttl: text({ name: "ttl", placeholder: "duration", usage: "How long it lives, for example 1h." }),
    explicitMaxTtl: text({
      name: "explicit-max-ttl",
      placeholder: "duration",
      usage: "How long it may live however often it is renewed.",
    }),
    period: text({ name: "period", placeholder: "duration", usage: "Renewable for ever, each time for this long." }),
    useLimit: integer({ name: "use-limit", usage: "How often it may be used; 0 is without a limit." }),
    renewable: toggle({ name: "renewable", initial: true, usage: "Whether it can be renewed. Default: true." }),
    orphan: toggle({ name: "orphan", usage: "Without a parent that takes it along. Needs sudo." }),
    noDefaultPolicy: toggle({ name: "no-default-policy", usage: "Without the default policy." }),
    displayName: text({ name: "display-name", usage: "A name for the audit log." }),
    metadata: texts({ name: "metadata", placeholder: "key=value", usage: "A remark; may be given several times." }),
    id: text({ name: "id", usage: "The token itself, chosen by you. Needs root." }),
    type: choice({ name: "type", of: ["service", "batch"], usage: "service (stored) or batch (not stored)." }),
    field: text({ name: "field", usage: "Print only this field, for example token." }),
  },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const body = {
      id: flags.id,
      policies: flags.policies.length === 0 ? undefined : flags.policies,
      ttl: flags.ttl,
      explicit_max_ttl: flags.explicitMaxTtl,
      period: flags.period,
      num_uses: flags.useLimit,
      renewable: flags.renewable,
      no_parent: flags.orphan,
      no_default_policy: flags.noDefaultPolicy,
      display_name: flags.displayName,
      meta: flags.metadata.length === 0 ? undefined : parsePairs(flags.metadata),
      type: flags.type,
    };
    const answer = await during("Error creating token", () =>
      connect(flags, io).request("POST", "auth/token/create", { body }),
    );
    showSecret(io, format, answer, flags.field);
    return exitCode.ok;
  },
});
