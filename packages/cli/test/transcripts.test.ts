// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "./support/fake-io.ts";
import { repliesFor } from "./support/replies.ts";
import { StubServer } from "./support/stub-server.ts";
import { inOurNames, paragraphs, readTranscripts, type Transcript, words } from "./support/transcripts.ts";

/** Recorded commands that ours answers differently on purpose; each has a test of its own. */
const DIFFERENT: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^1\.3 operator unseal -$/, "the recorded command sends the dash; ours reads standard input"],
  [/^1\.3 operator unseal$/, "the advice names standard input instead of the first argument"],
  [/ operator rotate( |$)/, "ours posts to sys/rotate, and a token that may not read the outcome gets a warning"],
  [/ operator generate-root (-status|-init)/, "ours uses sys/generate-root, which needs no token"],
  [/^4\.\d operator (rekey|rotate-keys) -init/, "on an auto seal a target must be named"],
  [/^4\.[12] operator rekey .*(7e536f3f|-nonce=ebef0fff\S+ Ycm6)/, "a target that was forgotten is named"],
  [/^4 operator rekey -init .*/, "on an auto seal a target must be named"],
  [/^1\.9 (status|operator unseal \S+)$/, "an address where nobody listens is told in plain words"],
  [/ operator generate-root -generate-otp/, "random"],
  [/^1\.6 operator rekey$/, "the prompt shows the attempt first"],
  [/^1\.8 operator generate-root( -nonce=wrong.*)?$/, "shown with a state of its own"],
];

const COVERED = /^(status|operator|read|write|login|token|policy|secrets|kv)\b/;

describe("recorded commands, replayed against a stub that plays back the recorded answers", () => {
  let stub: StubServer;
  let folder: string;
  beforeAll(async () => {
    stub = await new StubServer().start();
    folder = mkdtempSync(join(tmpdir(), "sealwright-cli-"));
    mkdirSync(join(folder, "pgp"));
    for (const name of ["pub0.asc", "pub1.asc", "pub1.b64", "pub1.bin", "pub2.asc"]) {
      writeFileSync(join(folder, "pgp", name), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
    }
  });
  afterAll(async () => {
    await stub.stop();
    rmSync(folder, { recursive: true });
  });

  const different = (each: Transcript) =>
    DIFFERENT.some(([pattern]) => pattern.test(`${each.section} ${each.command}`));
  const replayed = readTranscripts().filter((each) => COVERED.test(each.command) && !different(each));

  it.each(replayed.map((each, at) => [at, each.section, each.command, each] as const))(
    "%i: section %s: %s",
    async (_at, _section, _command, transcript) => {
      stub.play(repliesFor(transcript));
      const args = words(transcript.command.replaceAll("$DIR", folder));
      const outcome = await cli(args, {
        env: { HOME: folder, VAULT_ADDR: stub.address, ...(transcript.tokenSet && { VAULT_TOKEN: "s.root" }) },
        ...(transcript.stdin !== undefined && { stdin: transcript.stdin }),
      });
      expect(outcome.code).toBe(transcript.code);
      const counted = transcript.command.startsWith("operator rekey") ? asRekeyProgress : (text: string) => text;
      expectSame(outcome.stdout, counted(adapted(transcript.stdout)));
      expectSame(outcome.stderr, adapted(transcript.stderr));
    },
  );

  function adapted(text: string): string {
    return text.replaceAll("$ADDR", stub.host).replaceAll("$DIR", folder);
  }
});

/** `operator rekey` calls its progress as Vault's guides show it. */
function asRekeyProgress(text: string): string {
  return text.replace(/^Progress {6}/m, "Rekey Progress");
}

/** What ours adds after the new shares, and the flag that the recorded warning calls by a name it doesn't have. */
const ADDED = /\n\nWithout at least \d+ of these keys [^"]*"sealwright operator rotate"\./;
const MISNAMED = /using the\s-delete flag/;

/** Word for word; where a product's name changes the line breaks, paragraph for paragraph. */
function expectSame(actual: string, recorded: string): void {
  const expected = inOurNames(recorded).replace(MISNAMED, "using the -backup-delete flag");
  if (expected === recorded) expect(actual).toBe(recorded);
  else expect(paragraphs(actual.replace(ADDED, ""))).toEqual(paragraphs(expected));
}
