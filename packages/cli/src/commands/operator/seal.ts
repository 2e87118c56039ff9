// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { productName } from "../../product.ts";

export const operatorSeal = defineCommand({
  path: "operator seal",
  synopsis: "Seal the server",
  description:
    "Makes the server forget its root key. It then answers nothing but status and unseal. Needs a token with sudo on " +
    'sys/seal. Which seals it has is changed by "operator seal add", "operator seal remove" and "operator seal migrate".',
  flags: apiFlags,
  async run({ flags, io }) {
    await during("Error sealing", () => connect(flags, io).request("PUT", "sys/seal"));
    say(io, `Success! ${productName} is sealed.`);
    return exitCode.ok;
  },
});
