// SPDX-License-Identifier: Apache-2.0
/**
 * A plugin that misbehaves on demand. What is to be wrapped is the command: its text says what happens. `config.opening`
 * is the command that `open` obeys, and `config.journal` a file that gets a line for each time it is opened or closed.
 */
import { appendFileSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { type AutoSealPlugin, MAX_PLAINTEXT_BYTES, type SealEnvironment, SealError } from "@sealwright/seal";

const fields = {};
const hoard: Buffer[] = [];
/** Stands for the plaintext as it is after the wait. */
const LATE = "late";

async function obey(command: string, env: SealEnvironment): Promise<string> {
  const [verb, argument = ""] = command.split(" ", 2);
  switch (verb) {
    case "pid":
      return String(process.pid);
    case "crash":
      process.kill(process.pid, "SIGSEGV");
      return new Promise(() => undefined);
    case "exit":
      return process.exit(3);
    case "throw-later":
      setImmediate(() => {
        throw new Error("outside of any call");
      });
      return new Promise(() => undefined);
    case "hang":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return "";
    case "hang-in-thread":
      // Opening a pipe that nobody writes to holds a thread of the pool, as a stuck C_Decrypt would.
      await openFile(argument, "r");
      return "";
    case "slow":
      env.log("info", "began");
      await new Promise((resolve) => setTimeout(resolve, Number(argument)));
      return String(process.pid);
    case "late":
      await new Promise((resolve) => setTimeout(resolve, Number(argument)));
      return LATE;
    case "deny":
      throw new SealError("SEAL_DENIED", "the key may not be used", { cause: new Error("reason 42") });
    case "refuse":
      throw new SealError("SEAL_DENIED", "the PIN was refused", { final: true });
    case "refuse-slowly":
      env.log("info", "began");
      await new Promise((resolve) => setTimeout(resolve, Number(argument)));
      throw new SealError("SEAL_DENIED", "the PIN was refused", { final: true });
    case "bug":
      throw new TypeError("undefined is no function, and the text is s3cret");
    case "huge":
      return "x".repeat(2 * MAX_PLAINTEXT_BYTES + 1);
    case "print":
      process.stdout.write("o".repeat(1024 * 1024));
      process.stderr.write("e".repeat(1024 * 1024));
      return String(process.pid);
    case "log":
      env.log("warn", argument);
      return "";
    case "env":
      return process.env[argument] ?? "not set";
    case "hoard":
      hoard.push(Buffer.alloc(Number(argument) << 20, 1));
      return String(process.pid);
    case "replace":
      env.replaceProcess?.(argument);
      return String(process.pid);
    case "flags":
      return process.execArgv.join(" ");
    default:
      return command;
  }
}

/** The fake. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "fake",
  config: fields,
  async open(config: { journal?: string; opening?: string }, env) {
    const note = (line: string): void => {
      if (config.journal !== undefined) appendFileSync(config.journal, `${line} ${process.pid}\n`);
    };
    note("open");
    await obey(config.opening ?? "", env);
    return {
      type: "fake",
      async wrap(plaintext, call) {
        const answer = await obey(Buffer.from(plaintext).toString(), env);
        return {
          ciphertext: Buffer.from(answer === LATE ? plaintext : answer),
          ...(call?.aad === undefined ? {} : { iv: call.aad }),
        };
      },
      async unwrap(blob) {
        return Buffer.from(await obey(Buffer.from(blob.ciphertext).toString(), env));
      },
      async close() {
        note("close");
      },
    };
  },
};
