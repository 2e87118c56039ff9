// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, UsageError } from "../../errors.ts";
import { integer, text } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { mountPath } from "./mount-path.ts";

export const secretsTune = defineCommand({
  path: "secrets tune",
  synopsis: "Change the settings of a mounted secrets engine",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "Changes the settings that are given and leaves the others.",
  examples: ["secrets tune -version=2 kv/"],
  flags: {
    ...apiFlags,
    description: text({ name: "description", usage: "A remark." }),
    version: integer({ name: "version", usage: "Upgrade kv to this version." }),
    defaultLeaseTtl: text({ name: "default-lease-ttl", placeholder: "duration", usage: "How long its leases live." }),
    maxLeaseTtl: text({ name: "max-lease-ttl", placeholder: "duration", usage: "How long its leases may live." }),
  },
  async run({ flags, args, io }) {
    const path = mountPath(args[0]!);
    const body = {
      description: flags.description,
      default_lease_ttl: flags.defaultLeaseTtl,
      max_lease_ttl: flags.maxLeaseTtl,
      options: flags.version === undefined ? undefined : { version: String(flags.version) },
    };
    if (Object.values(body).every((value) => value === undefined))
      throw new UsageError("No setting to change was given.");
    await during(`Error tuning secrets engine ${path}`, () =>
      connect(flags, io).request("POST", `sys/mounts/${path}tune`, { body }),
    );
    say(io, `Success! Tuned the secrets engine at: ${path}`);
    return exitCode.ok;
  },
});
