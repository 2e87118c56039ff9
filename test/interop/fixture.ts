// SPDX-License-Identifier: Apache-2.0
/** A copy of a storage directory that OpenBao 2.6.2 wrote, with a configuration of ours and the key beside it. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findSoftHsm } from "@sealwright/testing/softhsm";
import { Workplace } from "../support/command.ts";

/** The directories below `test/fixtures` that the real server wrote. */
export const FIXTURES = ["shamir", "static", "pkcs11-aes-gcm", "pkcs11-rsa-oaep"] as const;

/** One of {@link FIXTURES}. */
export type FixtureName = (typeof FIXTURES)[number];

/** What `fixture.json` says about a directory. */
export interface Recorded {
  readonly initial: { readonly keys_hex: readonly string[] };
  readonly current: { readonly shares: number; readonly threshold: number; readonly keys_hex: readonly string[] };
  readonly root_token: string;
  readonly key_status: { readonly term: number; readonly install_time: string };
  readonly seal_status_unsealed: Readonly<Record<string, unknown>>;
  /** Every file of the storage. */
  readonly files: readonly string[];
  readonly pkcs11?: { readonly pin: string };
}

const FOLDER = fileURLToPath(new URL("../fixtures", import.meta.url));

/** Every file below a folder, by its path in it, `.sealwright/` left out. */
export async function filesBelow(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (entry.isFile() && !path.startsWith(".sealwright/")) {
      files.set(path, await readFile(join(folder, path), "utf8"));
    }
  }
  return files;
}

/** A fixture's copy. */
export class Fixture {
  readonly name: FixtureName;
  readonly recorded: Recorded;
  readonly work: Workplace;
  /** What the commands need in their environment. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(name: FixtureName, recorded: Recorded, work: Workplace) {
    this.name = name;
    this.recorded = recorded;
    this.work = work;
    this.env = name.startsWith("pkcs11") ? { SOFTHSM2_CONF: work.path("softhsm/softhsm2.conf") } : {};
  }

  /** Copies the fixture `name`; its listener gets a free port and SoftHSM's paths become those of this machine. */
  static async copy(name: FixtureName): Promise<Fixture> {
    const work = await Workplace.open();
    await cp(join(FOLDER, name), work.folder, { recursive: true });
    const recorded = JSON.parse(await readFile(work.path("fixture.json"), "utf8")) as Recorded;
    const fixture = new Fixture(name, recorded, work);
    await fixture.#adapt("config.hcl", (text) =>
      text
        .replace("127.0.0.1:8200", "127.0.0.1:0")
        .replace("/usr/lib/softhsm/libsofthsm2.so", findSoftHsm() ?? "SoftHSM is not installed"),
    );
    if (fixture.env.SOFTHSM2_CONF !== undefined) {
      await fixture.#adapt("softhsm/softhsm2.conf", (text) => text.replace("./softhsm", work.path("softhsm")));
    }
    return fixture;
  }

  /** The storage's folder. */
  get data(): string {
    return this.work.path("data");
  }

  /** The shares that open the storage, or none where its seal opens it. */
  get shares(): readonly string[] {
    return this.name === "shamir" ? this.recorded.current.keys_hex.slice(0, this.recorded.current.threshold) : [];
  }

  /** Runs `sealwright storage …` on the copy, with the shares on standard input. */
  storage(...[verb, ...args]: readonly [string, ...string[]]) {
    const input = this.shares.length === 0 ? [] : ["-"];
    const command = ["storage", verb, "-config=config.hcl", ...args.filter((each) => each.startsWith("-")), ...input];
    const rest = args.filter((each) => !each.startsWith("-"));
    return this.work.run([...command, ...rest], this.env, this.shares.map((share) => `${share}\n`).join(""));
  }

  async #adapt(file: string, change: (text: string) => string): Promise<void> {
    const path = this.work.path(file);
    await writeFile(path, change(await readFile(path, "utf8")));
  }
}
