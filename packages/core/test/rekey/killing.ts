// SPDX-License-Identifier: Apache-2.0
/** Kills a process in the middle of a rekey, and finds out whose shares the rest obeys. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Storage } from "@sealwright/core";
import { openFileStorage } from "@sealwright/storage/file";
import { openLmdbStorage } from "@sealwright/storage/lmdb";
import { autoKind, bytes, type Kind, obeys, type Shares, shamirKind, TWO_OF_THREE } from "./support.ts";

const CHILD = fileURLToPath(new URL("./kill-child.ts", import.meta.url));
export const KINDS = { shamir: shamirKind, auto: autoKind } as const;
const STORAGES = { lmdb: openLmdbStorage, file: openFileStorage } as const;

export type StorageName = keyof typeof STORAGES;
export type KindName = keyof typeof KINDS;

/** When to kill: at something that the process says, or some milliseconds after the last share was submitted. */
export type Instant = "ready" | "made" | "done" | number;

/** A folder with an initialised store, to be copied for each kill. */
export class Template {
  readonly #folder: string;
  readonly #storage: StorageName;
  readonly #kind: KindName;
  readonly shares: Shares;

  private constructor(folder: string, storage: StorageName, kind: KindName, shares: Shares) {
    this.#folder = folder;
    this.#storage = storage;
    this.#kind = kind;
    this.shares = shares;
  }

  static async create(storage: StorageName, kindName: KindName): Promise<Template> {
    const folder = await mkdtemp(join(tmpdir(), "sealwright-kill-"));
    const kind: Kind = KINDS[kindName];
    const store = await kind.store(await STORAGES[storage]({ path: join(folder, "template") }));
    const shares = await kind.initialize(store, TWO_OF_THREE);
    await kind.unseal(store, shares.slice(0, 2));
    await store.put("kept", Buffer.from("value"));
    await store.close();
    return new Template(folder, storage, kindName, shares);
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  /** Kills at `instant` and answers which shares the rest obeys; `both` or `neither` would be a fault. */
  async kill(instant: Instant): Promise<"old" | "new" | "both" | "neither"> {
    const path = await mkdtemp(join(this.#folder, "copy-"));
    await cp(join(this.#folder, "template"), path, { recursive: true });
    const made = await this.#killed(path, instant);
    const old = await this.#obeys(path, this.shares.slice(1));
    const fresh = made.length > 0 && (await this.#obeys(path, made.slice(1)));
    await rm(path, { recursive: true, force: true });
    if (old) return fresh ? "both" : "old";
    return fresh ? "new" : "neither";
  }

  async #obeys(path: string, shares: Shares): Promise<boolean> {
    const storage: Storage = await STORAGES[this.#storage]({ path });
    try {
      return await obeys(KINDS[this.#kind], storage, shares);
    } finally {
      await storage.close();
    }
  }

  /** The new shares as far as the process said them before it died. */
  async #killed(path: string, instant: Instant): Promise<Uint8Array[]> {
    const hex = this.shares.slice(0, 2).map((share) => Buffer.from(share).toString("hex"));
    const args = ["--conditions=source", CHILD, this.#storage, path, this.#kind, ...hex];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let made: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const [word = "", ...rest] = line.split(" ");
      if (word === "made") made = rest;
      if (word === "ready" && instant !== "ready") {
        child.stdin.write("go\n");
        if (typeof instant === "number") setTimeout(() => child.kill("SIGKILL"), instant);
      }
      if (word === instant) child.kill("SIGKILL");
    }
    await ended;
    return bytes(made);
  }
}
