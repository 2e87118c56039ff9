// SPDX-License-Identifier: Apache-2.0
/** An HSM, AWS KMS and Google Cloud KMS at once, and a store of all three. */
import type { StoreOptions } from "@sealwright/core";
import type { CloudKms } from "@sealwright/testing/cloud-kms";
import type { LocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import type { SoftHsm } from "@sealwright/testing/softhsm";
import { expect } from "vitest";
import { type InUse, inUse, type Running, startAws, startGcp, startHsm } from "./services.ts";
import { entriesOf, openedOf, opens, outstandingOf, storageWith, storeOf, type Tapped } from "./stores.ts";

/** What the three are called, the best first. */
export type Name = "hsm" | "aws" | "gcp";
export const NAMES: readonly Name[] = ["hsm", "aws", "gcp"];

/** Whether one of the parts is not on this machine. */
export const trioMissing = partMissing("SoftHSM") || partMissing("LocalStack");

type Services = readonly [InUse<SoftHsm>, InUse<LocalStack>, InUse<CloudKms>];

/** The three services, and the storage of a store that they all open. */
export class Trio {
  readonly hsm: InUse<SoftHsm>;
  readonly aws: InUse<LocalStack>;
  readonly gcp: InUse<CloudKms>;
  readonly #initial: ReadonlyMap<string, Uint8Array>;
  /** The recovery shares. */
  readonly shares: readonly Uint8Array[];

  private constructor(
    [hsm, aws, gcp]: Services,
    initial: ReadonlyMap<string, Uint8Array>,
    shares: readonly Uint8Array[],
  ) {
    this.hsm = hsm;
    this.aws = aws;
    this.gcp = gcp;
    this.#initial = initial;
    this.shares = shares;
  }

  /** Starts them. Ends those that run where one does not start. */
  static async start(): Promise<Trio> {
    const running: Running<unknown>[] = [];
    const begun = async <Harness>(starting: Promise<Running<Harness>>): Promise<InUse<Harness>> => {
      const service = await starting;
      running.push(service);
      return inUse(service);
    };
    const starting = [begun(startHsm()), begun(startAws()), begun(startGcp())] as const;
    const failed = (await Promise.allSettled(starting)).find((each) => each.status === "rejected");
    if (failed !== undefined) {
      await Promise.all(running.map((each) => each.stop()));
      throw failed.reason;
    }
    const services = await Promise.all(starting);
    const first = await openedOf(services);
    await first.store.close();
    return new Trio(services, await entriesOf(first.storage), first.shares);
  }

  async stop(): Promise<void> {
    for (const service of this.#services) await service.close();
    await Promise.all(this.#services.map((each) => each.stop()));
  }

  get #services(): Services {
    return [this.hsm, this.aws, this.gcp];
  }

  /** A sealed store on a copy of the storage. */
  async store(options: Partial<StoreOptions> = {}): Promise<Tapped> {
    return storeOf(this.#services, { storage: await storageWith(this.#initial), ...options });
  }

  async takeAway(names: readonly Name[]): Promise<void> {
    await Promise.all(this.#those(names).map((each) => each.down()));
  }

  /** Takes them away just before the next call to any seal of `store`. */
  takeAwayAtTheNextCall({ taps }: Tapped, names: readonly Name[]): void {
    let away: Promise<void> | undefined;
    for (const tap of taps.values()) {
      tap.before = () => {
        away ??= this.takeAway(names);
        return away;
      };
    }
  }

  /** Gives back those of `names`, and resolves when they answer: a connection that has failed is not made anew at once. */
  async giveBack(names: readonly Name[] = NAMES): Promise<void> {
    const these = this.#those(names);
    await Promise.all(these.map((each) => each.up()));
    for (const service of these) await expect.poll(() => answers(service), { timeout: 10_000 }).toBe(true);
  }

  /** Expects each service but those of `away` to open the storage alone. */
  async eachOpens({ storage }: Tapped, away: readonly Name[] = []): Promise<void> {
    for (const name of NAMES.filter((each) => !away.includes(each))) {
      expect({ [name]: await opens(storage, ...this.#those([name])) }).toEqual({ [name]: true });
    }
  }

  /** Expects that nothing is missing once the services are back, and that each of them opens the storage again. */
  async comesBack(it: Tapped): Promise<void> {
    await this.giveBack();
    await it.store.seals.deliverOutstanding();
    expect(await outstandingOf(it)).toEqual({});
    expect(it.doubted).toEqual([]);
    await this.eachOpens(it);
  }

  #those(names: readonly Name[]): readonly Services[number][] {
    return this.#services.filter(({ name }) => names.some((each) => each === name));
  }
}

async function answers(service: Running<unknown>): Promise<boolean> {
  const seal = await service.open();
  return seal.wrap(Buffer.from("anybody there?")).then(
    () => true,
    () => false,
  );
}
