// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { during, exitCode, UsageError } from "../../../errors.ts";
import { text, toggle } from "../../../flags/flag.ts";
import { type Client, connect } from "../../../http/client.ts";
import { objectField, textField } from "../../../http/fields.ts";
import { apiFlags } from "../../../http/settings.ts";
import { say } from "../../../io.ts";
import type { JsonObject } from "../../../output/json-text.ts";
import { keyValueTable } from "../../../output/table.ts";
import { paragraph } from "../../../output/wrap.ts";
import { commandName } from "../../../product.ts";
import { acceptWeaker, force } from "./risk-flags.ts";

const PATH = "sys/seals/migrate";

const SHARES: Readonly<Record<string, string>> = {
  unseal: "people unseal by the shares that they hold",
  recovery: "the shares that people hold are recovery shares",
  none: "nobody holds any",
  lost: "the recovery key is lost with the old seal (needs -force)",
};

function seal(plan: JsonObject, which: "from" | "to"): string {
  const found = objectField(plan, which) ?? {};
  return `${textField(found, "name")} (${textField(found, "type")})`;
}

function planTable(plan: JsonObject): string {
  return keyValueTable([
    ["From", seal(plan, "from")],
    ["To", seal(plan, "to")],
    ["Shares Afterwards", SHARES[textField(plan, "shares_become")] ?? textField(plan, "shares_become")],
    ["New Seal", "proved by a round trip"],
    ["Old Seal", textField(plan, "from_error") || "proved by a round trip"],
  ]);
}

const NEXT =
  `The old seal stays, asked last, until "${commandName} operator seal migrate -finish" removes it; -undo makes it the ` +
  "first again. Keep its block in the server's configuration until then, and give the new one a lower priority number.";

type Sent = (path: string, body: object) => ReturnType<Client["request"]>;

/** One of the three steps, and the plan. */
interface Steps {
  readonly to: string | undefined;
  readonly dryRun: boolean;
  readonly finish: boolean;
  readonly undo: boolean;
}

function checkSteps({ to, dryRun, finish, undo }: Steps): void {
  const chosen = [to !== undefined, finish, undo].filter(Boolean).length;
  if (chosen !== 1) throw new UsageError("Give one of -to=NAME, -finish and -undo.");
  if (dryRun && to === undefined) throw new UsageError("-dry-run goes with -to=NAME.");
}

export const operatorSealMigrate = defineCommand({
  path: "operator seal migrate",
  synopsis: "Make another seal the first, without a restart",
  description:
    "Moves the storage of the running server to another seal: one whose block is in the server's configuration, or " +
    `"shamir", so that people unseal. Both seals are tried, and one write commits it. With -dry-run nothing is written, and what ` +
    "would change is shown. Shares stay the same: unseal shares become recovery shares, and the other way round. Needs a " +
    "token with sudo on sys/seals/migrate.",
  examples: [
    "operator seal migrate -to=hsm -dry-run",
    "operator seal migrate -to=hsm",
    "operator seal migrate -finish",
    "operator seal migrate -undo",
  ],
  flags: {
    ...apiFlags,
    to: text({ name: "to", placeholder: "name", usage: 'The seal that is to be the first, or "shamir".' }),
    dryRun: toggle({ name: "dry-run", usage: "Try both seals and show what would change." }),
    finish: toggle({ name: "finish", usage: "Remove the old seal: a new root key and a new data key." }),
    undo: toggle({ name: "undo", usage: "Make the old seal the first again." }),
    acceptWeaker,
    force,
  },
  async run({ flags, io }) {
    checkSteps(flags);
    const client = connect(flags, io);
    const send: Sent = (path, body) => during("Error migrating", () => client.request("PUT", path, { body }));
    if (flags.finish) {
      await send(`${PATH}/finish`, { force: flags.force });
      say(io, "Success! Finished the migration: the old seal opens this storage no more.");
      return exitCode.ok;
    }
    if (flags.undo) {
      await send(`${PATH}/undo`, { force: flags.force });
      say(io, "Success! The old seal is the first again.");
      return exitCode.ok;
    }
    const { to, dryRun, acceptWeaker, force } = flags;
    const { body } = await send(PATH, { to, dry_run: dryRun, accept_weaker: acceptWeaker, force });
    if (dryRun) {
      say(io, planTable(objectField(body, "data") ?? {}));
      return exitCode.ok;
    }
    say(io, `Success! Migrated to the seal ${to}.\n`);
    say(io, paragraph(NEXT));
    return exitCode.ok;
  },
});
