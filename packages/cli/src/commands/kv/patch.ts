// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError } from "../../errors.ts";
import { integer, text } from "../../flags/flag.ts";
import { type Client, connect, type RequestParts } from "../../http/client.ts";
import { ApiError } from "../../http/errors.ts";
import { apiFlags } from "../../http/settings.ts";
import { mountFlags, requireVersion2 } from "../../kv/target.ts";
import { kvWrite } from "../../kv/write.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import { showWritten } from "../../views/kv-secret.ts";
import { showSecret } from "../../views/secret.ts";

export const kvPatch = defineCommand({
  path: "kv patch",
  synopsis: "Change some values of a secret",
  argumentsUsage: "PATH [key=value ...]",
  argumentCount: { min: 2, max: Number.POSITIVE_INFINITY },
  description:
    "KV 2: writes a new version in which the given values are changed and the others stay. Values may come from files " +
    "and standard input as with kv put.",
  examples: ["kv patch -mount=secret app/db password=- < password.txt"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    ...mountFlags,
    field: text({ name: "field", usage: "Print only this field of the answer." }),
    cas: integer({ name: "cas", usage: "Write only if the current version is this one." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    const { target, apiPath, data, options } = await kvWrite(client, flags, args, io);
    requireVersion2(target, "kv patch");
    const answer = await patchExisting(client, apiPath, {
      body: { data, ...options },
      contentType: "application/merge-patch+json",
    });
    if (flags.field !== undefined) showSecret(io, format, answer, flags.field);
    else showWritten(io, format, apiPath, answer);
    return exitCode.ok;
  },
});

async function patchExisting(client: Client, apiPath: string, parts: RequestParts) {
  try {
    return await during(`Error writing data to ${apiPath}`, () => client.request("PATCH", apiPath, parts));
  } catch (error) {
    const cause = error instanceof ServerError ? error.cause : undefined;
    if (cause instanceof ApiError && cause.status === 404) {
      throw new ServerError(`No value found at ${apiPath}`, { cause: error });
    }
    throw error;
  }
}
