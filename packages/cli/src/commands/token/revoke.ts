// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, UsageError } from "../../errors.ts";
import { choice, toggle } from "../../flags/flag.ts";
import { connect, type RequestParts } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { argumentOrStdin } from "../../input/key-entry.ts";
import { say } from "../../io.ts";

export const tokenRevoke = defineCommand({
  path: "token revoke",
  synopsis: "End a token and its children",
  argumentsUsage: "[TOKEN | ACCESSOR]",
  argumentCount: { min: 0, max: 1 },
  description:
    'Ends a token ("-": standard input) and all tokens made with it, or with -mode=orphan the token alone. -self ends ' +
    "the present one.",
  examples: ["token revoke -accessor ACCESSOR", "token revoke -self"],
  flags: {
    ...apiFlags,
    accessor: toggle({ name: "accessor", usage: "The argument is an accessor, not a token." }),
    self: toggle({ name: "self", usage: "Revoke the present token." }),
    mode: choice({ name: "mode", of: ["orphan"], usage: "orphan: leave the token's children alone." }),
  },
  async run({ flags, args, io }) {
    const given = await argumentOrStdin(args[0], io);
    const [path, parts] = revocation(flags, given);
    await during("Error revoking token", () => connect(flags, io).request("PUT", `auth/token/${path}`, parts));
    say(io, "Success! Revoked token (if it existed)");
    return exitCode.ok;
  },
});

function revocation(
  flags: { readonly accessor: boolean; readonly self: boolean; readonly mode: "orphan" | undefined },
  given: string | undefined,
): readonly [path: string, parts: RequestParts] {
  if ([flags.self, flags.accessor, flags.mode !== undefined].filter(Boolean).length > 1) {
    throw new UsageError("-self, -accessor and -mode=orphan cannot be combined.");
  }
  if (flags.self) {
    if (given !== undefined) throw new UsageError("Too many arguments (expected 0, got 1)");
    return ["revoke-self", {}];
  }
  if (given === undefined) throw new UsageError("Not enough arguments (expected 1, got 0)");
  if (flags.accessor) return ["revoke-accessor", { body: { accessor: given } }];
  return [flags.mode === "orphan" ? "revoke-orphan" : "revoke", { body: { token: given } }];
}
