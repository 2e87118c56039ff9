// SPDX-License-Identifier: Apache-2.0
import { during, exitCode, UsageError } from "../errors.ts";
import type { Client } from "../http/client.ts";
import { booleanField, numberField, textField } from "../http/fields.ts";
import { completeSubmission, type Submission } from "../input/submission.ts";
import type { Io } from "../io.ts";
import { type Format, show } from "../output/format.ts";
import type { JsonObject } from "../output/json-text.ts";
import { paragraph } from "../output/wrap.ts";
import { commandName } from "../product.ts";
import { rootGenerationResult } from "../views/root-generation.ts";

/** Gives one share to the root generation in progress. */
export async function submitRootShare(client: Client, io: Io, format: Format, submission: Submission): Promise<number> {
  const status = await during("Error getting root generation status", () =>
    client.prepare("GET", "sys/generate-root/attempt"),
  );
  if (!booleanField(status.body, "started")) throw new UsageError(notInProgress(status.body));
  const body = await completeSubmission(io, submission, {
    currentNonce: textField(status.body, "nonce"),
    describe: (nonce) => `${rootGenerationResult(status).table()}\nOperation nonce: ${nonce}\n`,
    prompt: "Unseal Key (will be hidden): ",
  });
  const answer = await during("Error posting unseal key", () =>
    client.request("PUT", "sys/generate-root/update", { body }),
  );
  show(io, format, rootGenerationResult(answer));
  return exitCode.ok;
}

function notInProgress(status: JsonObject): string {
  const sentences = [
    `No root generation is in progress. Start a root generation by running "${commandName} operator generate-root -init".`,
    "If starting root generation using the OTP method and generating your own OTP, the length of the OTP string needs " +
      `to be ${numberField(status, "otp_length")} characters in length.`,
  ];
  return sentences.map(paragraph).join("\n");
}
