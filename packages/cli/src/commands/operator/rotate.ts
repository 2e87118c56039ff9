// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { type Client, connect } from "../../http/client.ts";
import { ApiError } from "../../http/errors.ts";
import { apiFlags } from "../../http/settings.ts";
import { type Io, say, warn } from "../../io.ts";
import { type Format, formatFlags, outputFormat, show } from "../../output/format.ts";
import { paragraph } from "../../output/wrap.ts";
import { commandName } from "../../product.ts";
import { keyStatusResult } from "../../views/key-status.ts";

const FORBIDDEN = 403;

export const operatorRotate = defineCommand({
  path: "operator rotate",
  synopsis: "Make a new data key",
  description:
    "Makes a new data key: what is written from now on is encrypted with it, and what is there stays readable. It " +
    "needs a token with update and sudo on sys/rotate, and read on sys/key-status to show the new term; no key " +
    `shares. To replace the key shares and their holders, use "${commandName} operator rekey".`,
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    await during("Error rotating key", () => client.request("POST", "sys/rotate"));
    if (format === "table") say(io, "Success! Rotated key\n");
    await showNewTerm(client, io, format);
    return exitCode.ok;
  },
});

/** The rotation is done by now: a token that may not read its outcome gets a warning, not a failure. */
async function showNewTerm(client: Client, io: Io, format: Format): Promise<void> {
  try {
    show(io, format, keyStatusResult(await client.request("GET", "sys/key-status")));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== FORBIDDEN) {
      return during("The key was rotated, but there was an error reading key status", () => Promise.reject(error));
    }
    const told =
      'WARNING! The key was rotated, but its new term cannot be shown: this token lacks "read" on sys/key-status.';
    warn(io, paragraph(told));
  }
}
