// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { type IsolatedSeal, type IsolationOptions, openIsolated } from "../../src/index.ts";

export const fakeModule = new URL("./fake-plugin.ts", import.meta.url).href;

/** A temporary folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sealwright-isolation-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A fake in a process of its own, and what it did. */
export interface Fake {
  readonly seal: IsolatedSeal;
  /** Has the fake obey, and answers what it says. */
  tell(command: string, signal?: AbortSignal): Promise<string>;
  /** The lines of the journal: `open PID` and `close PID`. */
  journal(): Promise<string[]>;
  /** What was logged. */
  readonly logged: string[];
}

/** The options for a fake; the journal stands in its configuration. */
export async function fakeOptions(
  over: Partial<IsolationOptions> = {},
): Promise<IsolationOptions & { journal: string; logged: string[] }> {
  const journal = join(await temporaryFolder(), "journal");
  const logged: string[] = [];
  return {
    type: "fake",
    module: fakeModule,
    env: process.env,
    withhold: [],
    maxParallel: 1,
    log: (level, message) => logged.push(`${level}: ${message}`),
    ...over,
    config: { journal, ...over.config },
    journal,
    logged,
  };
}

/** Opens a fake that is closed when the test ends. */
export async function openFake(over: Partial<IsolationOptions> = {}): Promise<Fake> {
  const options = await fakeOptions(over);
  const seal = await openIsolated(options);
  onTestFinished(() => seal.close());
  return {
    seal,
    logged: options.logged,
    journal: () => readJournal(options.journal),
    async tell(command, signal) {
      const call = signal === undefined ? {} : { signal };
      return Buffer.from((await seal.wrap(Buffer.from(command), call)).ciphertext).toString();
    },
  };
}

/** The lines of a journal; none where nothing was opened. */
export async function readJournal(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

/** Resolves when no process of that number is left, zombies not counted. */
export function gone(pid: number): Promise<void> {
  return vi.waitFor(
    async () => {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State:\tX");
      if (!/^State:\t[XZ]/m.test(status)) throw new Error(`process ${pid} is still there`);
    },
    { timeout: 5_000, interval: 10 },
  );
}
