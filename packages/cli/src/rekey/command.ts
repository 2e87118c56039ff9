// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { type FlagValues, integer, text, toggle } from "../flags/flag.ts";
import { connect } from "../http/client.ts";
import { apiFlags } from "../http/settings.ts";
import { loadPgpKeys, loadPgpKeysFile } from "../input/pgp-keys.ts";
import type { Io } from "../io.ts";
import { formatFlags, outputFormat } from "../output/format.ts";
import { commandName } from "../product.ts";
import type { RekeyAttempt } from "./attempt.ts";
import { officersFamily, type RekeyFamily, rotateKeysFamily, type Target } from "./family.ts";
import {
  cancelRekey,
  cancelVerification,
  deleteBackup,
  retrieveBackup,
  showRekey,
  showVerification,
} from "./manage.ts";
import { startRekey } from "./start.ts";
import { submitNewShare, submitShare } from "./submit.ts";
import { unframedClient } from "./unframed.ts";

const rekeyFlags = {
  ...apiFlags,
  ...formatFlags,
  init: toggle({ name: "init", usage: "Start: the answer has the nonce that every holder needs." }),
  status: toggle({ name: "status", usage: "Show the attempt in progress. With -verify: the verification." }),
  cancel: toggle({
    name: "cancel",
    usage: "End the attempt and forget its shares. With -verify: start only the verification anew.",
  }),
  backupRetrieve: toggle({ name: "backup-retrieve", usage: "Show the PGP-encrypted shares that the server keeps." }),
  backupDelete: toggle({ name: "backup-delete", usage: "Delete the PGP-encrypted shares that the server keeps." }),
  target: text({
    name: "target",
    usage: 'Whose key: "barrier" (the default), or "recovery" on a server that unseals itself.',
  }),
  recovery: toggle({ name: "recovery", usage: "The same as -target=recovery." }),
  keyShares: integer({ name: "key-shares", aliases: ["n"], usage: "With -init: number of new shares. Default: 5." }),
  keyThreshold: integer({
    name: "key-threshold",
    aliases: ["t"],
    usage: "With -init: how many of the new shares are needed. Default: 3.",
  }),
  pgpKeys: text({
    name: "pgp-keys",
    placeholder: "key,...",
    usage: "With -init: public PGP keys, one per share, in order: files or keybase:<user>.",
  }),
  pgpKeysFile: text({
    name: "pgp-keys-file",
    placeholder: "file",
    usage: "With -init: a file of public PGP keys in base64, one per line or wrapped by base64.",
  }),
  backup: toggle({ name: "backup", usage: "With -init and PGP keys: keep the encrypted shares on the server, too." }),
  verify: toggle({
    name: "verify",
    usage: "With -init: the new shares must be proved before they take effect. Without it: prove one.",
  }),
  compromised: toggle({
    name: "compromised",
    usage: "With -init: old shares may be in wrong hands, so make a new data key as well.",
  }),
  seal: text({
    name: "seal",
    placeholder: "name",
    usage: "With rotate-keys: the shares of the officers' seal of that name, instead of a target's.",
  }),
  force: toggle({
    name: "force",
    usage: "With -init: go on even where the new root key reaches one seal of several only.",
  }),
  nonce: text({ name: "nonce", usage: "The attempt that a share, or -cancel, is for. It is no secret." }),
  key: text({ name: "key", usage: 'The share, in place of the argument; "-" reads it from standard input.' }),
};

type RekeyFlagValues = FlagValues<typeof rekeyFlags>;

/** The command of a family. */
export function rekeyCommand(declared: RekeyFamily, synopsis: string, about: string): Command {
  const { command } = declared;
  return defineCommand({
    path: command,
    synopsis,
    argumentsUsage: "[KEY]",
    argumentCount: { min: 0, max: 1 },
    description:
      `${about} One holder starts with -init and hands the nonce round; then each gives a share until the threshold ` +
      "is reached, and the last one is shown the new shares. The share is asked for and not shown while it is typed; " +
      'with "-" it is read from standard input. As an argument or with -key it works, too, and stays in the shell\'s ' +
      "history.",
    examples: [
      `${command} -init -key-shares=3 -key-threshold=2`,
      `${command}`,
      `${command} -nonce=NONCE - < share.txt`,
      `${command} -target=recovery -init -key-shares=3 -key-threshold=2`,
      `${command} -status`,
      `${command} -cancel -nonce=NONCE`,
    ],
    flags: rekeyFlags,
    async run({ flags, args, io }) {
      const family = familyFor(declared, flags.seal);
      const target = family.onlyTarget ?? chosenTarget(flags);
      const paths = family.paths[target ?? "barrier"];
      const attempt: RekeyAttempt = {
        family,
        target: target ?? "barrier",
        paths,
        format: outputFormat(flags.format, io.env),
        client: unframedClient(connect(flags, io), paths.backup),
        io,
      };
      return verb(flags)(attempt, flags, args[0], io.env);
    },
  });
}

/** The family that the flags mean. Throws `UsageError`. */
function familyFor(declared: RekeyFamily, seal: string | undefined): RekeyFamily {
  if (seal === undefined) return declared;
  if (declared === rotateKeysFamily) return officersFamily(seal);
  throw new UsageError(`-seal goes with "${commandName} ${rotateKeysFamily.command}".`);
}

type Verb = (
  attempt: RekeyAttempt,
  flags: RekeyFlagValues,
  argument: string | undefined,
  env: Io["env"],
) => Promise<number>;

function verb(flags: RekeyFlagValues): Verb {
  const verbs: readonly (readonly [flag: string, given: boolean, verb: Verb])[] = [
    ["-init", flags.init, start],
    ["-status", flags.status, flags.verify ? showVerification : showRekey],
    ["-cancel", flags.cancel, flags.verify ? cancelOf(cancelVerification) : cancelOf(cancelRekey)],
    ["-backup-retrieve", flags.backupRetrieve, retrieveBackup],
    ["-backup-delete", flags.backupDelete, deleteBackup],
  ];
  const given = verbs.filter(([, isGiven]) => isGiven);
  if (given.length > 1) {
    throw new UsageError(`${given.map(([flag]) => flag).join(" and ")} are different things: use one of them.`);
  }
  return given[0]?.[2] ?? submit;
}

function cancelOf(cancel: (attempt: RekeyAttempt, nonce: string | undefined) => Promise<number>): Verb {
  return (attempt, flags) => cancel(attempt, flags.nonce);
}

const start: Verb = async (attempt, flags, argument, env) => {
  if (argument !== undefined) throw new UsageError("-init takes no key: start first, then give the shares.");
  if (flags.pgpKeys !== undefined && flags.pgpKeysFile !== undefined) {
    throw new UsageError("-pgp-keys and -pgp-keys-file both name the keys: use one of them.");
  }
  return startRekey(attempt, {
    targetGiven: (attempt.family.onlyTarget ?? chosenTarget(flags)) !== undefined,
    shares: flags.keyShares,
    threshold: flags.keyThreshold,
    pgpKeys:
      flags.pgpKeysFile === undefined
        ? await loadPgpKeys("pgp-keys", flags.pgpKeys, env)
        : loadPgpKeysFile("pgp-keys-file", flags.pgpKeysFile),
    backup: flags.backup,
    verification: flags.verify,
    compromised: flags.compromised,
    force: flags.force,
  });
};

const submit: Verb = (attempt, flags, argument) => {
  if (argument !== undefined && flags.key !== undefined) {
    throw new UsageError("Two keys were given, one as an argument and one with -key: give one at a time.");
  }
  const submission = { nonce: flags.nonce, key: argument ?? flags.key, nonInteractive: flags.nonInteractive };
  return flags.verify ? submitNewShare(attempt, submission) : submitShare(attempt, submission);
};

/** The target that was named; undefined when none was. Throws `UsageError`. */
function chosenTarget({ target, recovery }: RekeyFlagValues): Target | undefined {
  if (target !== undefined && target !== "barrier" && target !== "recovery") {
    throw new UsageError(`Unknown target: ${target}`);
  }
  if (recovery && target === "barrier") throw new UsageError("-recovery and -target=barrier contradict each other.");
  return recovery ? "recovery" : target;
}
