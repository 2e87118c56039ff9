// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError, UsageError } from "../../errors.ts";
import { integer } from "../../flags/flag.ts";
import { readIfPresent } from "../../http/absent.ts";
import { type Client, connect } from "../../http/client.ts";
import { objectField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { findKvTarget, mountFlags, requireVersion2 } from "../../kv/target.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import type { JsonObject } from "../../output/json-text.ts";
import { showWritten } from "../../views/kv-secret.ts";

export const kvRollback = defineCommand({
  path: "kv rollback",
  synopsis: "Write an older version of a secret anew",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description:
    "KV 2: makes a new version with the data of an older one. It fails when somebody else writes at the same time.",
  examples: ["kv rollback -mount=secret -version=2 app/db"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    ...mountFlags,
    version: integer({ name: "version", usage: "The version to go back to." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const { version } = flags;
    if (version === undefined || version < 1) throw new UsageError("Missing version: specify it via the -version flag");
    const client = connect(flags, io);
    const target = await findKvTarget(client, flags.mount, args[0]!);
    requireVersion2(target, "kv rollback");
    const apiPath = target.path("data");
    const current = await readVersion(client, apiPath, undefined);
    const { data } = await readVersion(client, apiPath, version);
    const body = { data, options: { cas: objectField(current, "metadata")?.version } };
    const answer = await during(`Error writing data to ${apiPath}`, () => client.request("PUT", apiPath, { body }));
    showWritten(io, format, apiPath, answer);
    return exitCode.ok;
  },
});

/** The envelope of a version, the current one unless told; its data is absent when it was deleted. */
async function readVersion(client: Client, apiPath: string, version: number | undefined): Promise<JsonObject> {
  const parts = version === undefined ? {} : { query: { version: String(version) } };
  const answer = await during(`Error doing pre-read at ${apiPath}`, () => readIfPresent(client, apiPath, parts));
  const envelope = answer === undefined ? undefined : objectField(answer.body, "data");
  if (envelope === undefined) throw new ServerError(`No value found at ${apiPath}`);
  if (version !== undefined && objectField(envelope, "data") === undefined) {
    throw new ServerError(`Cannot roll back to version ${version} of ${apiPath}: it was deleted or destroyed`);
  }
  return envelope;
}
