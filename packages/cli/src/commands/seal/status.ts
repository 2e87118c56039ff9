// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { booleanField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";
import { sealBackendsResult } from "../../views/seal-backends.ts";

export const sealStatus = defineCommand({
  path: "seal status",
  synopsis: "Show how each seal is doing, what it has wrapped and what it misses",
  description:
    "Shows the seals of the server, sealed or not. With a token that may read sys/seal-backend-status, and on an " +
    "unsealed server, it shows type, priority, state and last good call of each, why one is not healthy, which entry is " +
    "wrapped by which key (a key that still wraps something must not be destroyed) and what a seal has not been given " +
    "yet. The exit code is 0 when all enabled seals are healthy, 2 when one is not.",
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const answer = await during("Error reading the status of the seals", () =>
      connect(flags, io).request("GET", "sys/seal-backend-status"),
    );
    show(io, format, sealBackendsResult(answer));
    return booleanField(answer.body, "healthy") ? exitCode.ok : exitCode.server;
  },
});
