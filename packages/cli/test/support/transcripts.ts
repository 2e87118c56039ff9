// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** One recorded command of the peer. */
export interface Transcript {
  /** The number of its section, for example `1.6`. */
  readonly section: string;
  /** As typed, without the program's name. */
  readonly command: string;
  readonly tokenSet: boolean;
  readonly stdin: string | undefined;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The recordings in `test/fixtures/transcripts.md`, in order. */
export function readTranscripts(): readonly Transcript[] {
  const text = readFileSync(new URL("../fixtures/transcripts.md", import.meta.url), "utf8");
  const transcripts: Transcript[] = [];
  let section = "";
  for (const part of text.split(/^(?=#{2,4} )/m)) {
    section = /^#{2,3} ([\d.]+\d|\d)/.exec(part)?.[1] ?? section;
    const heading = /^#### `bao (.*?)` {2}\(token: (set|unset)\)(?: {2}\(stdin: '(.*)'\))?$/m.exec(part);
    if (heading === null) continue;
    transcripts.push({
      section,
      command: heading[1]!,
      tokenSet: heading[2] === "set",
      stdin: heading[3]?.replaceAll("\\n", "\n"),
      code: Number(/^exit code: (\d+)$/m.exec(part)?.[1]),
      stdout: block(part, "stdout"),
      stderr: block(part, "stderr"),
    });
  }
  return transcripts;
}

function block(part: string, stream: "stdout" | "stderr"): string {
  const found = new RegExp(`^${stream}:\n\`\`\`text\n([\\s\\S]*?)^\`\`\`$`, "m").exec(part)?.[1] ?? "";
  return found.replace(/\n\[no trailing newline\]\n$/, "");
}

/** The words of a command as a shell splits them. */
export function words(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

/**
 * What our command should print for a recorded text: it calls itself sealwright, and its own sentences name Sealwright.
 * Sentences of the server (behind `* `) stay.
 */
export function inOurNames(text: string): string {
  return text
    .split("\n")
    .map((line) =>
      /^\t?\* /.test(line)
        ? line
        : line.replaceAll(/\bbao\b/g, "sealwright").replaceAll(/\b(Vault|OpenBao)\b/g, "Sealwright"),
    )
    .join("\n");
}

/** The paragraphs of a text, each on one line: other names break lines at other places. */
export function paragraphs(text: string): readonly string[] {
  return text.split(/\n{2,}/).map((each) => each.replace(/\s+/g, " ").trim());
}
