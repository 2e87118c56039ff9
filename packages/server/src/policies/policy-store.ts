// SPDX-License-Identifier: Apache-2.0
/**
 * Where policies live: below `sealwright/policies/`, under their percent-encoded names. Read and compiled once per
 * unseal; a change drops everything that was compiled.
 */
import { type Barrier, Mutex, type PlainChange, type SealedStore } from "@sealwright/core";
import * as z from "zod";
import { HttpError } from "../http/problem.ts";
import { Acl } from "./acl.ts";
import { DEFAULT_POLICY } from "./default-policy.ts";
import { type PathRule, PolicyError, parsePolicy } from "./parse-policy.ts";

const FOLDER = "sealwright/policies/";
const LONGEST_NAME = 200;

/** The policy that allows everything, and has no text. */
export const ROOT = "root";
/** The policy that tokens get unless they refuse it. */
export const DEFAULT = "default";

const entrySchema = z.object({
  name: z.string(),
  text: z.string(),
  /** 1 when written first, one more with each change. */
  version: z.int(),
  /** RFC 3339. */
  modified: z.string(),
  /** Whether a change must name the version that it replaces. */
  casRequired: z.boolean(),
});

/** A policy as it stands in storage. */
export type PolicyEntry = Readonly<z.output<typeof entrySchema>>;

/** What a change of a policy may say about the version it replaces. */
export interface CheckAndSet {
  /** Undefined replaces any version; 0 creates only. */
  readonly expected: number | undefined;
  readonly required: boolean;
}

interface Opened {
  readonly barrier: Barrier;
  readonly entries: Map<string, PolicyEntry | undefined>;
  readonly acls: Map<string, Acl>;
}

/** The storage path of the policy `name`, or undefined where no policy can have that name. */
function pathOf(name: string): string | undefined {
  if (name === "" || !name.isWellFormed()) return undefined;
  const encoded = encodeURIComponent(name).replace(/^_/, "%5F");
  return encoded.length > LONGEST_NAME || /^\.\.?$/.test(encoded) ? undefined : FOLDER + encoded;
}

function serialize(entry: PolicyEntry): Buffer {
  return Buffer.from(JSON.stringify(entry));
}

/** The policies of a new store, for the batch that initialises it. */
export function firstPolicies(now: Date): PlainChange[] {
  const entry = { name: DEFAULT, text: DEFAULT_POLICY, version: 1, modified: now.toISOString(), casRequired: false };
  return [{ op: "put", path: FOLDER + DEFAULT, value: serialize(entry) }];
}

function compile(text: string): PathRule[] {
  try {
    return parsePolicy(text);
  } catch (error) {
    throw error instanceof PolicyError ? new HttpError(400, error.message) : error;
  }
}

/** Reads, compiles and writes policies. */
export class PolicyStore {
  readonly #store: SealedStore;
  readonly #now: () => Date;
  readonly #changes = new Mutex();
  #opened: Opened | undefined;

  constructor(store: SealedStore, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  /** The policy `name`, whatever its case; `root` is not among them. Throws `SEALED`. */
  async get(name: string): Promise<PolicyEntry | undefined> {
    const opened = this.#open();
    const key = name.toLowerCase();
    if (opened.entries.has(key)) return opened.entries.get(key);
    const path = pathOf(key);
    if (path === undefined) return undefined;
    const bytes = await opened.barrier.get(path);
    const entry = bytes === undefined ? undefined : entrySchema.parse(JSON.parse(bytes.toString("utf8")));
    // An absent policy is not remembered: its name came from a request, and names are endless.
    if (entry !== undefined) opened.entries.set(key, entry);
    return entry;
  }

  /** Whether a token may be given `name` without a warning. */
  async exists(name: string): Promise<boolean> {
    return name === ROOT || (await this.get(name)) !== undefined;
  }

  /** All names, `root` included, sorted. */
  async list(): Promise<string[]> {
    const stored = await this.#store.barrier.list(FOLDER);
    return [...stored.map((name) => decodeURIComponent(name)), ROOT].sort();
  }

  /** What the policies `names` allow together; absent ones allow nothing. `root` is the caller's to know. */
  async acl(names: readonly string[]): Promise<Acl> {
    const opened = this.#open();
    const key = names.join("\n");
    const known = opened.acls.get(key);
    if (known !== undefined) return known;
    const entries = await Promise.all(names.map((name) => this.get(name)));
    const acl = new Acl(entries.flatMap((entry) => (entry === undefined ? [] : compile(entry.text))));
    // A policy that changed meanwhile has dropped `opened`, and what was just compiled goes with it.
    remember(opened.acls, key, acl);
    return acl;
  }

  /** Writes the policy `name`. Throws 400 for a text that is no policy, a name that cannot be, another version. */
  async set(name: string, text: string, cas: CheckAndSet): Promise<void> {
    const key = name.toLowerCase();
    if (key === ROOT) throw new HttpError(400, 'cannot update "root" policy');
    const path = pathOf(key);
    if (path === undefined) throw new HttpError(400, `the name of a policy must have 1 to ${LONGEST_NAME} characters`);
    compile(text);
    return this.#changes.run(async () => {
      const current = await this.get(key);
      checkVersion(cas, current);
      const entry: PolicyEntry = {
        name: key,
        text,
        version: (current?.version ?? 0) + 1,
        modified: this.#now().toISOString(),
        casRequired: cas.required,
      };
      await this.#write({ op: "put", path, value: serialize(entry) });
    });
  }

  /** Deletes the policy `name`; one that is not there is no error. Throws 400 for those that must stay. */
  async delete(name: string): Promise<void> {
    const key = name.toLowerCase();
    if (key === ROOT) throw new HttpError(400, 'cannot delete "root" policy');
    if (key === DEFAULT) throw new HttpError(400, "cannot delete default policy");
    const path = pathOf(key);
    if (path !== undefined) await this.#changes.run(() => this.#write({ op: "delete", path }));
  }

  async #write(change: PlainChange): Promise<void> {
    await this.#store.barrier.write([change]);
    this.#opened = undefined;
  }

  #open(): Opened {
    const { barrier } = this.#store;
    if (this.#opened?.barrier !== barrier) this.#opened = { barrier, entries: new Map(), acls: new Map() };
    return this.#opened;
  }
}

/** Sets of policies that are kept compiled. */
const MOST_ACLS = 1_000;

function remember(acls: Map<string, Acl>, key: string, acl: Acl): void {
  const [oldest] = acls.keys();
  if (acls.size >= MOST_ACLS && oldest !== undefined) acls.delete(oldest);
  acls.set(key, acl);
}

function checkVersion({ expected, required }: CheckAndSet, current: PolicyEntry | undefined): void {
  if (expected === undefined) {
    if (!required && current?.casRequired !== true) return;
    throw new HttpError(400, "check-and-set parameter required for this call");
  }
  const version = current?.version ?? 0;
  if (expected === version) return;
  throw new HttpError(400, `check-and-set parameter did not match the current version, which is ${version}`);
}
