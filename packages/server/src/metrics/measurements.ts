// SPDX-License-Identifier: Apache-2.0
/**
 * What is measured, in memory, for whoever asks: cheap to add to, so that requests don't feel it. Names have dots, as
 * Vault's have, and no prefix.
 */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export class Counter {
  total = 0;

  add(by = 1): void {
    this.total += by;
  }
}

/** How long something took, or how large it was, each time. */
export class Sample {
  count = 0;
  sum = 0;
  squares = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;

  /** `value` happened `times` times. */
  add(value: number, times = 1): void {
    if (times === 0) return;
    this.count += times;
    this.sum += value * times;
    this.squares += value * value * times;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
  }
}

/** A number as it is at the moment of asking. */
export interface Reading {
  readonly labels: Labels;
  readonly value: number;
}

/** All that goes by one name. */
export interface Family<Kind> {
  readonly name: string;
  readonly help: string;
  readonly series: readonly { readonly labels: Labels; readonly value: Kind }[];
}

class Group<Kind> {
  readonly #families = new Map<string, { help: string; series: Map<string, { labels: Labels; value: Kind }> }>();
  readonly #make: () => Kind;

  constructor(make: () => Kind) {
    this.#make = make;
  }

  of(name: string, help: string, labels: Labels): Kind {
    const family = this.#families.get(name) ?? { help, series: new Map() };
    this.#families.set(name, family);
    const key = JSON.stringify(labels);
    const entry = family.series.get(key) ?? { labels, value: this.#make() };
    family.series.set(key, entry);
    return entry.value;
  }

  get families(): Family<Kind>[] {
    return [...this.#families].map(([name, { help, series }]) => ({ name, help, series: [...series.values()] }));
  }
}

/** What the server counts and times. */
export class Measurements {
  readonly #counters = new Group(() => new Counter());
  readonly #samples = new Group(() => new Sample());
  readonly #gauges = new Map<string, { help: string; read: () => readonly Reading[] }>();

  /** The counter of this name and these labels: keep it where it is added to often. */
  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#counters.of(name, help, labels);
  }

  /** The sample of this name and these labels. */
  sample(name: string, help: string, labels: Labels = {}): Sample {
    return this.#samples.of(name, help, labels);
  }

  /** Has `read` called whenever somebody asks. */
  gauge(name: string, help: string, read: () => readonly Reading[]): void {
    this.#gauges.set(name, { help, read });
  }

  get counters(): Family<Counter>[] {
    return this.#counters.families;
  }

  get samples(): Family<Sample>[] {
    return this.#samples.families;
  }

  get gauges(): Family<number>[] {
    return [...this.#gauges].map(([name, { help, read }]) => ({ name, help, series: read() }));
  }
}
