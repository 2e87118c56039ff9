// SPDX-License-Identifier: Apache-2.0
import { type Call, defineCommand } from "../../../command.ts";
import { during, exitCode, UsageError } from "../../../errors.ts";
import { type FlagSet, integer, text, toggle } from "../../../flags/flag.ts";
import { connect } from "../../../http/client.ts";
import { apiFlags } from "../../../http/settings.ts";
import { loadPgpKeys } from "../../../input/pgp-keys.ts";
import { say } from "../../../io.ts";
import { formatFlags, outputFormat } from "../../../output/format.ts";
import { type Ceremony, cancel, RECOVERY_KEYS, start, submit } from "./officers.ts";
import { acceptWeaker } from "./risk-flags.ts";

const addFlags = {
  ...apiFlags,
  ...formatFlags,
  acceptWeaker,
  keyShares: integer({
    name: "key-shares",
    aliases: ["n"],
    usage: "Add officers' shares under this name, so many, 1 to 255, instead of a configured seal.",
  }),
  keyThreshold: integer({
    name: "key-threshold",
    aliases: ["t"],
    usage: "With -key-shares: how many of them open the storage.",
  }),
  pgpKeys: text({
    name: "pgp-keys",
    placeholder: "key,...",
    usage: "With -key-shares: public PGP keys, one per share, in order: files or keybase:<user>.",
  }),
  nonce: text({ name: "nonce", usage: "Give a recovery key to the attempt that this names. It is no secret." }),
  cancel: toggle({ name: "cancel", usage: "End the attempt." }),
} satisfies FlagSet;

async function addConfigured({ flags, args: [name], io }: Call<typeof addFlags>): Promise<void> {
  await during("Error adding the seal", () =>
    connect(flags, io).request("PUT", "sys/seals/add", { body: { name, accept_weaker: flags.acceptWeaker } }),
  );
  say(io, `Success! Added the seal ${name}: it opens the storage alone from now on.`);
}

async function startOfficers(ceremony: Ceremony, { flags, args: [name], io }: Call<typeof addFlags>): Promise<void> {
  const { keyShares, keyThreshold, acceptWeaker } = flags;
  if (name === RECOVERY_KEYS) return start(ceremony, { accept_weaker: acceptWeaker });
  if (keyShares === undefined || keyThreshold === undefined) {
    throw new UsageError("Give both -key-shares and -key-threshold for officers' shares.");
  }
  return start(ceremony, {
    name,
    secret_shares: keyShares,
    secret_threshold: keyThreshold,
    pgp_keys: await loadPgpKeys("pgp-keys", flags.pgpKeys, io.env),
    accept_weaker: acceptWeaker,
  });
}

/** What the words ask for. */
function step(call: Call<typeof addFlags>): Promise<void> {
  const { flags, args, io } = call;
  const [name = "", key] = args;
  const ceremony = { name, client: connect(flags, io), io, format: outputFormat(flags.format, io.env) };
  if (flags.cancel) return cancel(ceremony, flags.nonce);
  if (flags.nonce !== undefined) {
    return submit(ceremony, { nonce: flags.nonce, key, nonInteractive: flags.nonInteractive });
  }
  if (key !== undefined) throw new UsageError("Missing nonce value: specify it via the -nonce flag");
  const officers = [flags.keyShares, flags.keyThreshold, flags.pgpKeys].some((each) => each !== undefined);
  return name === RECOVERY_KEYS || officers ? startOfficers(ceremony, call) : addConfigured(call);
}

export const operatorSealAdd = defineCommand({
  path: "operator seal add",
  synopsis: "Let another seal, or officers' shares, open the storage",
  argumentsUsage: "NAME [KEY]",
  argumentCount: { min: 1, max: 2 },
  description:
    "Adds a seal to those that open the storage of the running server. Its block must be in the server's configuration, " +
    "which is read anew after SIGHUP or a write to sys/config/reload/seals; it proves itself by a round trip first. With " +
    "-key-shares and -key-threshold it adds officers' shares instead, which open the storage when every other seal is " +
    `gone, and with the name "${RECOVERY_KEYS}" it lets the recovery keys do that: both need the holders of recovery ` +
    "keys, who give theirs with -nonce, at the prompt or on standard input with -. Any one seal opens the storage, so the " +
    "whole is as strong as the weakest. To begin needs a token with sudo on sys/seals/add, sys/seals/shares/start or " +
    "sys/seals/recovery-keys/start.",
  examples: [
    "operator seal add spare",
    "operator seal add -key-shares=5 -key-threshold=3 officers",
    "operator seal add -nonce=NONCE officers",
    `operator seal add ${RECOVERY_KEYS}`,
  ],
  flags: addFlags,
  async run(call) {
    await step(call);
    return exitCode.ok;
  },
});
