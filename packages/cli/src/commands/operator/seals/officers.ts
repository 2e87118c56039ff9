// SPDX-License-Identifier: Apache-2.0
/** The ceremony in which the present quorum lets shares open the storage: of officers, or of the recovery key. */
import { during, UsageError } from "../../../errors.ts";
import type { Answer, Client } from "../../../http/client.ts";
import { booleanField, listField, numberField, textField } from "../../../http/fields.ts";
import { completeSubmission, type Submission } from "../../../input/submission.ts";
import { type Io, say, warn } from "../../../io.ts";
import { type Format, type Result, show } from "../../../output/format.ts";
import type { JsonObject } from "../../../output/json-text.ts";
import { keyValueTable, type Row } from "../../../output/table.ts";
import { paragraph } from "../../../output/wrap.ts";
import { commandName } from "../../../product.ts";

/** In place of a seal's name: the recovery keys. */
export const RECOVERY_KEYS = "recovery-keys";

/** One of these ceremonies, and whom it talks to. */
export interface Ceremony {
  readonly name: string;
  readonly client: Client;
  readonly io: Io;
  readonly format: Format;
}

function path({ name }: Ceremony): string {
  return name === RECOVERY_KEYS ? "sys/seals/recovery-keys" : "sys/seals/shares";
}

function statusRows(status: JsonObject): readonly Row[] {
  if (!booleanField(status, "started")) return [["Started", "false"]];
  const seal = textField(status, "name");
  return [
    ["Nonce", textField(status, "nonce")],
    ["Started", "true"],
    ...(seal === "" ? [] : [["Seal", seal] as const, ["New Shares", textField(status, "n")] as const]),
    ...(seal === "" ? [] : [["New Threshold", textField(status, "t")] as const]),
    ["Progress", `${numberField(status, "progress")}/${numberField(status, "required")}`],
    ["Started By", textField(status, "started_by")],
    ["Started At", textField(status, "started_at")],
  ];
}

function statusResult({ body, text }: Answer): Result {
  return { table: () => keyValueTable(statusRows(body)), value: body, raw: text };
}

const RECOVERY_KEYS_DONE =
  "Success! The recovery keys unseal from now on: as many officers as the threshold, with a stolen backup, read " +
  `everything in it. "${commandName} operator recovery-keys-off" ends that.`;

function afterwards(name: string): string {
  return (
    `Success! Added the officers' seal ${name}. Give each share to another officer, and keep none: they are shown this once. ` +
    `A threshold of them opens the storage when no other seal does, with "${commandName} operator unseal -seal=${name}", ` +
    `or from a backup with "${commandName} operator recover".`
  );
}

function doneResult({ body, text }: Answer, name: string): Result {
  const shares = listField(body, "keys_base64").map((key, at) => `Break-Glass Key ${at + 1}: ${String(key)}`);
  const lines = name === RECOVERY_KEYS ? [] : [...shares, ""];
  const advice = paragraph(name === RECOVERY_KEYS ? RECOVERY_KEYS_DONE : afterwards(name));
  return { table: () => [...lines, advice].join("\n"), value: body, raw: text };
}

function tell(ceremony: Ceremony, answer: Answer): void {
  const { io, format, name } = ceremony;
  show(io, format, booleanField(answer.body, "complete") ? doneResult(answer, name) : statusResult(answer));
}

/** Starts it. Where nobody holds recovery shares, there is no quorum to ask, and it is done. */
export async function start(ceremony: Ceremony, body: object): Promise<void> {
  const { client, io } = ceremony;
  const answer = await during("Error adding the seal", () =>
    client.request("PUT", `${path(ceremony)}/start`, { body }),
  );
  tell(ceremony, answer);
  if (booleanField(answer.body, "complete")) return;
  const nonce = textField(answer.body, "nonce");
  warn(io, "Now the holders of recovery keys give theirs:");
  warn(io, `  ${commandName} operator seal add -nonce=${nonce} ${ceremony.name}`);
}

/** Throws `UsageError`: whoever gives a key for one seal must not let another one in. */
function checkMeant({ name }: Ceremony, adding: string): void {
  if (adding === "" || adding === name) return;
  throw new UsageError(`Nothing was given: the attempt adds officers' shares called ${adding}, not ${name}.`);
}

/** Gives one share of the present quorum. */
export async function submit(ceremony: Ceremony, submission: Submission): Promise<void> {
  const { client, io } = ceremony;
  const status = await during("Error reading the attempt", () => client.prepare("GET", `${path(ceremony)}/attempt`));
  if (!booleanField(status.body, "started")) throw new UsageError("Nothing was started, or it has ended.");
  checkMeant(ceremony, textField(status.body, "name"));
  const body = await completeSubmission(io, submission, {
    currentNonce: textField(status.body, "nonce"),
    describe: () => `${keyValueTable(statusRows(status.body))}\n`,
    prompt: "Recovery Key (will be hidden): ",
  });
  tell(
    ceremony,
    await during("Error giving the key", () => client.request("PUT", `${path(ceremony)}/update`, { body })),
  );
}

/** Ends it. */
export async function cancel(ceremony: Ceremony, nonce: string | undefined): Promise<void> {
  const { client, io } = ceremony;
  await during("Error ending the attempt", () =>
    client.request("DELETE", `${path(ceremony)}/attempt`, nonce === undefined ? {} : { body: { nonce } }),
  );
  say(io, "Success! Ended the attempt (if there was one).");
}
