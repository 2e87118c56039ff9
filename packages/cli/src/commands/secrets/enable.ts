// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { integer, text } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { mountPath } from "./mount-path.ts";

export const secretsEnable = defineCommand({
  path: "secrets enable",
  synopsis: "Mount a secrets engine",
  argumentsUsage: "TYPE",
  argumentCount: { min: 1, max: 1 },
  description: "Mounts a secrets engine at a path, which is its type's name unless -path says otherwise.",
  examples: ["secrets enable -path=secret -version=2 kv"],
  flags: {
    ...apiFlags,
    path: text({ name: "path", usage: "Where to mount it. Default: the type." }),
    description: text({ name: "description", usage: "A remark." }),
    version: integer({ name: "version", usage: "The version of the engine: 1 or 2 for kv." }),
    defaultLeaseTtl: text({ name: "default-lease-ttl", placeholder: "duration", usage: "How long its leases live." }),
    maxLeaseTtl: text({ name: "max-lease-ttl", placeholder: "duration", usage: "How long its leases may live." }),
  },
  async run({ flags, args, io }) {
    const type = args[0]!.trim();
    const path = mountPath(flags.path ?? type);
    const body = {
      type,
      description: flags.description ?? "",
      config: { default_lease_ttl: flags.defaultLeaseTtl, max_lease_ttl: flags.maxLeaseTtl },
      options: flags.version === undefined ? undefined : { version: String(flags.version) },
    };
    await during("Error enabling", () =>
      connect(flags, io).request("POST", `sys/mounts/${path.slice(0, -1)}`, { body }),
    );
    say(io, `Success! Enabled the ${type} secrets engine at: ${path}`);
    return exitCode.ok;
  },
});
