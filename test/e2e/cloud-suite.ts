// SPDX-License-Identifier: Apache-2.0
/** What a server owes that a cloud's KMS unseals: the same for each cloud, whose own part is a {@link Cloud}. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workplace } from "../support/command.ts";
import { AutoUnsealed, type InitOutput } from "./auto-unsealed.ts";
import { expectNoneIn } from "./expectations.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SECRET = "correct-horse";

/** Something that is wrong with the key or its service, and how the server names it. */
export interface Trouble {
  begin(): unknown;
  end(): unknown;
  readonly says: RegExp;
}

/** A cloud's KMS, away at first, and a server's configuration for it. */
export interface Cloud {
  readonly type: string;
  /** The configuration, as the documentation has it but for ports. */
  readonly config: string;
  /** What a user would get wrong in it, and the setting that is meant. */
  readonly misspelt: { readonly setting: string; readonly meant: string };
  /** What the server is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** How what is away is named, with its key. */
  readonly named: string;
  /** What no output may show. */
  readonly secrets: readonly string[];
  /** By what is said of the key. */
  readonly troubles: Readonly<Record<string, Trouble>>;
  /** How many unwraps the service has answered; left out where it does not count them. */
  unwraps?(): number;
  /** Has the key, or what the configuration names as the key, wrap by a new version. */
  rotateKey(): unknown;
  /** The folder of `test/fixtures` that OpenBao wrote with a key of this cloud. */
  readonly recorded: string;
  online(): Promise<void>;
  offline(): Promise<void>;
  /** Gives the service the key of {@link recorded}, and answers a configuration and variables that use it. */
  takeRecordedKey(): Promise<Pick<Cloud, "config" | "env">>;
  stop(): Promise<void>;
}

/** A configuration of one seal, with these settings of the seal and no others. */
export function withSeal(config: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `  ${key} = "${value}"\n`);
  return config.replace(/(seal "\w+" \{\n)[^}]*/, `$1${lines.join("")}`);
}

/** A file of the project's, with its listener on any free port. */
export async function configFrom(path: string): Promise<string> {
  return (await readFile(`${root}${path}`, "utf8")).replace("127.0.0.1:8200", "127.0.0.1:0");
}

/** Which of its {@link Cloud.troubles} a cloud is tried with. */
export interface Trials {
  /** Before the server is initialised, which it then is not. */
  readonly atInit: readonly string[];
  /** While it is to unseal, which it then does later. */
  readonly atUnseal: readonly string[];
}

/** The suite. `open` prepares the cloud, away at first, in the server's own folder. */
export function describeCloud(title: string, trials: Trials, open: (place: Workplace) => Promise<Cloud>): void {
  describe(title, () => {
    let cloud: Cloud;
    let server: AutoUnsealed;

    const use = async ({ config, env }: Pick<Cloud, "config" | "env">): Promise<void> => {
      server.env = env;
      await writeFile(server.place.path("server.hcl"), config);
    };

    const troubleOf = (what: string): Trouble => {
      const trouble = cloud.troubles[what];
      if (trouble === undefined) throw new Error(`a key of this cloud is never ${what}`);
      return trouble;
    };

    beforeAll(async () => {
      server = new AutoUnsealed(await Workplace.open());
      cloud = await open(server.place);
      await use(cloud);
    });
    afterAll(async () => {
      await server?.place.close();
      await cloud?.stop();
    });

    test("does not start with a misspelt setting", async () => {
      const { setting, meant } = cloud.misspelt;
      await use({ ...cloud, config: cloud.config.replace(/(seal "\w+" \{\n)/, `$1  ${setting} = "x"\n`) });
      const { code, stderr } = await server.place.run(["server", "-config=server.hcl"]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`did you mean ${meant}?`) });
      await use(cloud);
    });

    test("starts while the KMS is away, and says so when it is initialised", async () => {
      await server.start();
      const { code, stderr } = await server.command(["operator", "init"]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("nothing listens there") });
      expect(await server.status()).toMatchObject({ initialized: false });
      await cloud.online();
    });

    test.each(trials.atInit)("is not initialised while the key is %s", async (what) => {
      const trouble = troubleOf(what);
      await trouble.begin();
      const refusal = async () => (await server.command(["operator", "init"])).stderr;
      // A connection that was refused comes back by itself, within a second.
      await expect.poll(refusal, { timeout: 5_000 }).toMatch(trouble.says);
      expect(await server.status()).toMatchObject({ initialized: false });
      await trouble.end();
    });

    test("is initialised, and unseals by itself when it starts again", async () => {
      await server.init();
      await server.write("secret/app", SECRET);
      await server.restart();
      expect(await server.status()).toMatchObject({ type: cloud.type, sealed: false });
      expect(await server.read("secret/app")).toBe(SECRET);
      await server.expectHealth(true);
    });

    test("goes on serving while the KMS is away; what changes keys is 503 and changes nothing", async () => {
      await cloud.offline();
      await server.expectNoChange("is not reached");
      await server.expectHealth(false);
      await server.write("secret/meanwhile", "battery");
      expect(await server.read("secret/app")).toBe(SECRET);
    });

    test("started while the KMS is away it waits and says why, and unseals within a pause of its return", async () => {
      await server.stop();
      await server.start();
      await server.says(/still sealed: .*is not reached: nothing listens there/);
      expect(await server.status()).toMatchObject({
        sealed: true,
        unseal_error_code: "SEAL_UNAVAILABLE",
        unseal_error: expect.stringContaining(`${cloud.named}, is not reached`),
      });
      expect((await server.ask("GET", "sys/health")).status).toBe(503);
      await cloud.online();
      await server.unsealed();
      expect(await server.read("secret/meanwhile")).toBe("battery");
      await server.expectHealth(true);
    }, 90_000);

    test("rotates again, and unseals by one unwrap of the root key and one of the wrapped keyring", async () => {
      await cloud.rotateKey();
      const { term } = (await server.ask("GET", "sys/key-status")).body;
      expect((await server.ask("PUT", "sys/rotate")).status).toBeLessThan(300);
      expect((await server.ask("GET", "sys/key-status")).body.term).toBe(Number(term) + 1);
      const before = cloud.unwraps?.() ?? 0;
      await server.restart();
      if (cloud.unwraps !== undefined) expect(cloud.unwraps() - before).toBe(2);
    });

    test("moves root key and recovery key to the key's new version by a rewrap, and tells of it", async () => {
      await server.expectRewrapped();
    });

    test.each(trials.atUnseal)("says that the key is %s, and unseals when it no longer is", async (what) => {
      const trouble = troubleOf(what);
      await server.stop();
      await trouble.begin();
      await server.start();
      await server.says(new RegExp(`still sealed: .*${trouble.says.source}`));
      await trouble.end();
      await server.unsealed();
    });

    test("serves a directory that OpenBao wrote with the same key", async () => {
      await server.stop();
      const fixture = `${root}test/fixtures/${cloud.recorded}/`;
      await cp(`${fixture}data`, server.place.path("openbao"), { recursive: true });
      const { config, env } = await cloud.takeRecordedKey();
      const storage = /storage "lmdb" \{\n[^}]*/;
      await use({ config: config.replace(storage, 'storage "file" {\n  path = "./openbao"\n'), env });
      await server.start();
      await server.unsealed();
      expect(await server.status()).toMatchObject({ type: cloud.type, sealed: false, n: 3, t: 2 });
      const { root_token } = JSON.parse(await readFile(`${fixture}init.json`, "utf8")) as InitOutput;
      await server.stop();
      expectNoneIn(server.logs, [root_token]);
    });

    test("shows no token, key or secret in its output", () => {
      expectNoneIn(server.logs, [server.token, SECRET, ...server.recoveryKeys, ...cloud.secrets]);
    });
  });
}
