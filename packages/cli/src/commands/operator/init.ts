// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { integer, text, toggle } from "../../flags/flag.ts";
import { type Client, connect } from "../../http/client.ts";
import { booleanField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { loadPgpKey, loadPgpKeys } from "../../input/pgp-keys.ts";
import { say } from "../../io.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";
import { productName } from "../../product.ts";
import { initResult } from "../../views/init.ts";
import { acceptWeaker } from "./seals/risk-flags.ts";

const DEFAULT_SHARES = 5;
const DEFAULT_THRESHOLD = 3;

export const operatorInit = defineCommand({
  path: "operator init",
  synopsis: "Initialise a new server",
  description:
    "Makes the root key of an empty storage and prints, this once, the key shares and the root token. A server with " +
    "a Shamir seal gives unseal keys, one that unseals itself (KMS, HSM, static key) gives recovery keys. Without " +
    "flags there are 5 shares with a threshold of 3.",
  examples: [
    "operator init",
    "operator init -key-shares=3 -key-threshold=2",
    "operator init -recovery-shares=3 -recovery-threshold=2",
    "operator init -break-glass=officers -key-shares=5 -key-threshold=3",
  ],
  flags: {
    ...apiFlags,
    ...formatFlags,
    status: toggle({
      name: "status",
      usage: "Only say whether the server is initialised: exit code 0 when it is, 2 when not.",
    }),
    keyShares: integer({ name: "key-shares", aliases: ["n"], usage: "Number of unseal key shares, 1 to 255." }),
    keyThreshold: integer({
      name: "key-threshold",
      aliases: ["t"],
      usage: "How many unseal key shares open the server.",
    }),
    recoveryShares: integer({ name: "recovery-shares", usage: "Number of recovery key shares, 1 to 255." }),
    recoveryThreshold: integer({
      name: "recovery-threshold",
      usage: "How many recovery key shares authorise a ceremony.",
    }),
    breakGlass: text({
      name: "break-glass",
      placeholder: "name",
      usage:
        "Where a seal unseals: give officers shares, too, which open the storage when every seal is gone. The numbers are " +
        "those of -key-shares and -key-threshold, and the name is what the status and -seal call them.",
    }),
    acceptWeaker,
    storedShares: integer({ name: "stored-shares", usage: "Accepted for old scripts; the server decides." }),
    pgpKeys: text({
      name: "pgp-keys",
      placeholder: "key,...",
      usage:
        "Public PGP keys, one per unseal key share, in order: files (armored, binary or base64) or keybase:<user>. " +
        "Each share is then printed encrypted to its holder.",
    }),
    recoveryPgpKeys: text({
      name: "recovery-pgp-keys",
      placeholder: "key,...",
      usage: "The same for recovery key shares.",
    }),
    rootTokenPgpKey: text({
      name: "root-token-pgp-key",
      placeholder: "key",
      usage: "A public PGP key to encrypt the root token to.",
    }),
  },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    if (flags.status) {
      const initialized = await readInitialized(client);
      say(io, `${productName} is ${initialized ? "" : "not "}initialized`);
      return initialized ? exitCode.ok : exitCode.server;
    }

    const pgp = {
      pgp_keys: await loadPgpKeys("pgp-keys", flags.pgpKeys, io.env),
      recovery_pgp_keys: await loadPgpKeys("recovery-pgp-keys", flags.recoveryPgpKeys, io.env),
      root_token_pgp_key: await loadPgpKey("root-token-pgp-key", flags.rootTokenPgpKey, io.env),
    };
    const result = await during("Error initializing", async () => {
      const status = await client.prepare("GET", "sys/seal-status");
      const autoSeal = booleanField(status.body, "recovery_seal");
      const shares = {
        secret_shares: flags.keyShares ?? (autoSeal ? undefined : DEFAULT_SHARES),
        secret_threshold: flags.keyThreshold ?? (autoSeal ? undefined : DEFAULT_THRESHOLD),
        recovery_shares: flags.recoveryShares ?? (autoSeal ? DEFAULT_SHARES : undefined),
        recovery_threshold: flags.recoveryThreshold ?? (autoSeal ? DEFAULT_THRESHOLD : undefined),
      };
      const answer = await client.request("PUT", "sys/init", {
        body: {
          ...shares,
          stored_shares: flags.storedShares,
          ...pgp,
          break_glass: flags.breakGlass,
          ...(flags.acceptWeaker && { accept_weaker: true }),
        },
      });
      return initResult(answer, {
        autoSeal,
        shares: (autoSeal ? shares.recovery_shares : shares.secret_shares) ?? 0,
        threshold: (autoSeal ? shares.recovery_threshold : shares.secret_threshold) ?? 0,
        breakGlass: flags.breakGlass,
      });
    });
    show(io, format, result);
    return exitCode.ok;
  },
});

async function readInitialized(client: Client): Promise<boolean> {
  const answer = await during("Error checking initialization status", () => client.request("GET", "sys/init"));
  return booleanField(answer.body, "initialized");
}
