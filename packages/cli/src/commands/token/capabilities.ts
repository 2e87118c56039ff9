// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { listField, objectField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { argumentOrStdin } from "../../input/key-entry.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";

export const tokenCapabilities = defineCommand({
  path: "token capabilities",
  synopsis: "Show what a token may do on a path",
  argumentsUsage: "[TOKEN] PATH",
  argumentCount: { min: 1, max: 2 },
  description: 'Shows what a token may do on a path: the present one unless another is given ("-": standard input).',
  examples: ["token capabilities sys/rotate"],
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const path = args.at(-1)!;
    const token = await argumentOrStdin(args.length === 2 ? args[0] : undefined, io);
    const answer = await during("Error listing capabilities", () =>
      connect(flags, io).request("POST", token === undefined ? "sys/capabilities-self" : "sys/capabilities", {
        body: { token, paths: [path] },
      }),
    );
    const names = listField(objectField(answer.body, "data") ?? answer.body, path)
      .map(String)
      .sort();
    show(io, format, { table: () => names.join(", "), value: names, raw: answer.text });
    return exitCode.ok;
  },
});
