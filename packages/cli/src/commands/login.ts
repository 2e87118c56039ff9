// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { during, exitCode, UsageError } from "../errors.ts";
import { text, toggle } from "../flags/flag.ts";
import { type Answer, connect } from "../http/client.ts";
import { variable } from "../http/environment.ts";
import { objectField } from "../http/fields.ts";
import { apiFlags } from "../http/settings.ts";
import { checkToken, storeToken } from "../http/token.ts";
import { enterKey } from "../input/key-entry.ts";
import { type Io, say, sayBare, warn } from "../io.ts";
import { formatFlags, outputFormat } from "../output/format.ts";
import { paragraph } from "../output/wrap.ts";
import { commandName, productName } from "../product.ts";
import { showSecret } from "../views/secret.ts";

const NO_TERMINAL =
  "An error occurred attempting to ask for a token. The raw error message is shown below, but usually this is because " +
  "you attempted to pipe a value into the command or you are executing outside of a terminal (tty). If you want to " +
  'pipe the value, pass "-" as the argument to read from stdin.';

export const login = defineCommand({
  path: "login",
  synopsis: "Check a token and remember it",
  argumentsUsage: "[TOKEN]",
  argumentCount: { min: 0, max: 1 },
  description:
    "Asks the server about a token and stores it in ~/.vault-token, where later commands find it. Without an argument " +
    'the token is asked for and not shown while it is typed; with "-" it is read from standard input.',
  examples: ["login", "login - < token.txt"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    method: text({ name: "method", usage: 'How to authenticate: "token", which is the only one there is.' }),
    noStore: toggle({ name: "no-store", usage: "Do not store the token." }),
    noPrint: toggle({ name: "no-print", usage: "Print nothing." }),
    tokenOnly: toggle({ name: "token-only", usage: "Print the token only, and do not store it." }),
    field: text({ name: "field", usage: "Print only this field." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    if (flags.method !== undefined && flags.method !== "token") {
      throw new UsageError(`Unknown auth method: ${flags.method}. ${productName} has tokens only: -method=token.`);
    }
    const token = await enterKey(args[0], io, {
      prompt: "Token (will be hidden): ",
      noTerminal: NO_TERMINAL,
      nonInteractive: flags.nonInteractive,
    });
    if (token === "") throw new UsageError("The token is empty.");
    checkToken(token);
    const looked = await during("Error authenticating: error looking up token", () =>
      connect(flags, io, token).request("GET", "auth/token/lookup-self"),
    );
    const stored = !flags.noStore && !flags.tokenOnly;
    if (stored) storeToken(io.env, token);
    if (flags.tokenOnly) sayBare(io, token);
    else if (!flags.noPrint) {
      if (format === "table" && flags.field === undefined) {
        if (stored) warnOfVariable(io);
        congratulate(io, stored ? STORED : NOT_STORED);
      }
      showSecret(io, format, asLogin(looked, token), flags.field);
    }
    return exitCode.ok;
  },
});

const STORED =
  "The token information displayed below is already stored in the token helper. You do NOT need to run " +
  `"${commandName} login" again. Future ${productName} requests will automatically use this token.`;
const NOT_STORED =
  "The token information displayed below is not stored in the token helper. Set VAULT_TOKEN to use it.";

/** A variable that names a token is what later commands use, not the one that was stored. */
function warnOfVariable(io: Io): void {
  const inTheWay = variable(io.env, "TOKEN");
  if (inTheWay === undefined) return;
  const told =
    `WARNING! ${inTheWay.source} is set and takes precedence over the stored token. Unset it, or set it to the new ` +
    "token.";
  warn(io, `${paragraph(told)}\n`);
}

function congratulate(io: Io, told: string): void {
  say(io, `${paragraph(`Success! You are now authenticated. ${told}`)}\n`);
}

/** The look-up of a token in the shape of a login's answer. */
function asLogin({ body, text: raw }: Answer, token: string): Answer {
  const data = objectField(body, "data") ?? {};
  const auth = {
    client_token: token,
    accessor: data.accessor,
    policies: data.policies,
    token_policies: data.policies,
    identity_policies: data.identity_policies,
    metadata: data.meta,
    orphan: data.orphan,
    entity_id: data.entity_id,
    lease_duration: data.ttl,
    renewable: data.renewable ?? false,
  };
  return { text: raw, body: { ...body, data: null, auth } };
}
