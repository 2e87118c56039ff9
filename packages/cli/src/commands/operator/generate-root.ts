// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, UsageError } from "../../errors.ts";
import { text, toggle } from "../../flags/flag.ts";
import { decodeToken, generateOtp } from "../../generate-root/otp.ts";
import { submitRootShare } from "../../generate-root/submit.ts";
import { type Client, connect } from "../../http/client.ts";
import { numberField, textField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { loadPgpKey } from "../../input/pgp-keys.ts";
import { type Io, say, sayBare, warn } from "../../io.ts";
import { type Format, formatFlags, outputFormat, show } from "../../output/format.ts";
import { paragraph } from "../../output/wrap.ts";
import { rootGenerationResult } from "../../views/root-generation.ts";

const ATTEMPT = "sys/generate-root/attempt";

export const operatorGenerateRoot = defineCommand({
  path: "operator generate-root",
  synopsis: "Make a new root token with a quorum of key shares",
  argumentsUsage: "[KEY]",
  argumentCount: { min: 0, max: 1 },
  description:
    "Makes a root token when holders of enough unseal or recovery key shares agree. The one who starts with -init " +
    "keeps a one-time password, or gives a PGP key; only that one can read the token from the answer. The share is " +
    'asked for and not shown while it is typed; with "-" it is read from standard input.',
  examples: [
    "operator generate-root -init",
    "operator generate-root",
    "operator generate-root -nonce=NONCE - < share.txt",
    "operator generate-root -decode=ENCODED_TOKEN -otp=OTP",
  ],
  flags: {
    ...apiFlags,
    ...formatFlags,
    init: toggle({ name: "init", usage: "Start: the answer has the nonce, and the one-time password unless given." }),
    status: toggle({ name: "status", usage: "Show the attempt in progress." }),
    cancel: toggle({ name: "cancel", usage: "End the attempt and forget its shares." }),
    generateOtp: toggle({ name: "generate-otp", usage: "Print a new one-time password of the right length." }),
    decode: text({
      name: "decode",
      usage: 'Turn the encoded token into the token, with -otp; "-" reads standard input.',
    }),
    otp: text({ name: "otp", usage: "With -init: your own one-time password. With -decode: the one to take off." }),
    pgpKey: text({
      name: "pgp-key",
      placeholder: "key",
      usage: "With -init: a public PGP key (a file or keybase:<user>) to encrypt the token to.",
    }),
    nonce: text({ name: "nonce", usage: "The attempt that a share, or -cancel, is for. It is no secret." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const given = [flags.init, flags.status, flags.cancel, flags.generateOtp, flags.decode !== undefined];
    if (given.filter(Boolean).length > 1) {
      throw new UsageError("-init, -status, -cancel, -generate-otp and -decode are different things: use one of them.");
    }
    if (flags.decode !== undefined) return decode(io, format, flags.decode, flags.otp);
    const client = connect(flags, io);
    if (flags.generateOtp) return printOtp(client, io, format);
    if (flags.status) return showAttempt(client, io, format);
    if (flags.cancel) return cancel(client, io, flags.nonce);
    if (flags.init) {
      const pgpKey = await loadPgpKey("pgp-key", flags.pgpKey, io.env);
      return start(client, io, format, { otp: flags.otp, pgp_key: pgpKey });
    }
    const submission = { nonce: flags.nonce, key: args[0], nonInteractive: flags.nonInteractive };
    return submitRootShare(client, io, format, submission);
  },
});

async function decode(io: Io, format: Format, encoded: string, otp: string | undefined): Promise<number> {
  if (otp === undefined) throw new UsageError("Missing otp: use -otp to supply it");
  const token = decodeToken((encoded === "-" ? await io.readStdin() : encoded).trim(), otp);
  if (format === "table" || format === "raw") sayBare(io, token);
  else show(io, format, { table: () => token, value: { token } });
  return exitCode.ok;
}

async function printOtp(client: Client, io: Io, format: Format): Promise<number> {
  const { body } = await during("Error getting root generation status", () => client.request("GET", ATTEMPT));
  const length = numberField(body, "otp_length");
  const otp = generateOtp(length);
  if (format === "table" || format === "raw") sayBare(io, otp);
  else show(io, format, { table: () => otp, value: { otp, otp_length: length } });
  return exitCode.ok;
}

async function showAttempt(client: Client, io: Io, format: Format): Promise<number> {
  const answer = await during("Error getting root generation status", () => client.request("GET", ATTEMPT));
  show(io, format, rootGenerationResult(answer));
  return exitCode.ok;
}

async function cancel(client: Client, io: Io, nonce: string | undefined): Promise<number> {
  await during("Error canceling root token generation", () =>
    client.request("DELETE", ATTEMPT, nonce === undefined ? {} : { body: { nonce } }),
  );
  say(io, "Success! Root token generation canceled (if it was started)");
  return exitCode.ok;
}

async function start(
  client: Client,
  io: Io,
  format: Format,
  body: { readonly otp: string | undefined; readonly pgp_key: string | undefined },
): Promise<number> {
  const answer = await during("Error initializing root generation", () => client.request("PUT", ATTEMPT, { body }));
  if (textField(answer.body, "otp") !== "") {
    const told =
      "A One-Time-Password has been generated for you and is shown in the OTP field. You will need this value to " +
      "decode the resulting root token, so keep it safe.";
    warn(io, paragraph(told));
  }
  show(io, format, rootGenerationResult(answer));
  return exitCode.ok;
}
