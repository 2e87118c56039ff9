// SPDX-License-Identifier: Apache-2.0
/** Lines typed at a shell, in which `sealwright` is the built command. */
import { spawn } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Finished, Workplace } from "../../support/command.ts";

const COMMAND = fileURLToPath(new URL("../../../packages/cli/bin/sealwright", import.meta.url));

/** A shell in a test's folder. */
export class Shell {
  /** Variables that are exported. */
  exported: Readonly<Record<string, string>> = {};
  readonly #work: Workplace;

  private constructor(work: Workplace) {
    this.#work = work;
  }

  static async open(work: Workplace): Promise<Shell> {
    await mkdir(work.path("bin"));
    await mkdir(work.path("gnupg"), { mode: 0o700 });
    await symlink(COMMAND, work.path("bin", "sealwright"));
    return new Shell(work);
  }

  get #surroundings() {
    const path = `${this.#work.path("bin")}:${process.env.PATH ?? ""}`;
    const env = { PATH: path, HOME: this.#work.folder, GNUPGHOME: this.#work.path("gnupg"), ...this.exported };
    return { cwd: this.#work.folder, env };
  }

  /** Runs `line` to its end, with `env` besides the shell's own variables. */
  async run(line: string, env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const { cwd, env: own } = this.#surroundings;
    const child = spawn("sh", ["-c", line], { cwd, env: { ...own, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    return { code, stdout, stderr };
  }

  /** What `line` writes to standard output. Rejects with what it said where its exit code isn't 0. */
  async ok(line: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(line, env);
    if (code !== 0) throw new Error(`${line}\nended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs `line` on a terminal of its own, types `answer` at the hidden prompt, and returns all that was shown. */
  async onTerminal(line: string, answer: string): Promise<{ readonly code: number | null; readonly screen: string }> {
    const child = spawn("script", ["-qec", line, "/dev/null"], this.#surroundings);
    let screen = "";
    let typed = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
      if (typed || !screen.includes("(will be hidden): ")) return;
      typed = true;
      child.stdin.write(`${answer}\r`);
    });
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    return { code, screen };
  }

  /** Makes a PGP key for `name` with the real gpg, in a keyring of this folder. Gives its fingerprint in lower case. */
  async makePgpKey(name: string): Promise<string> {
    await this.ok(`gpg --batch --quiet --passphrase '' --quick-generate-key ${name} future-default default never`);
    const listed = await this.ok(`gpg --batch --with-colons --list-keys =${name}`);
    return (/^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? "").toLowerCase();
  }

  /** The text in a base64 PGP message, as its holder reads it. */
  decrypt(message: string): Promise<string> {
    return this.ok(`echo ${message} | base64 -d | gpg --quiet --decrypt`);
  }

  /** Ends the agent that gpg starts. */
  async close(): Promise<void> {
    await this.run("gpgconf --kill all");
  }
}
