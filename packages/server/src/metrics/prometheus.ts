// SPDX-License-Identifier: Apache-2.0
/**
 * `sys/metrics` for Prometheus. The library is loaded when it is first needed, which is never before the server
 * serves: it takes longer to load than the server takes to start.
 */
import type { Histogram, Registry } from "prom-client";
import type { Family, Labels, Measurements, Sample } from "./measurements.ts";
import { underscored } from "./names.ts";

/** Up to what a slow HSM takes, in seconds. */
const SAVE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30];

/** Metrics as Prometheus reads them. */
export interface PrometheusText {
  readonly contentType: string;
  readonly text: string;
}

type Library = typeof import("prom-client");

/** Collects metrics and writes them as Prometheus reads them. */
export class Prometheus {
  readonly #measurements: Measurements;
  readonly #prefix: string;
  #library: Promise<Library> | undefined;
  #saves: Histogram | undefined;
  // Not in the histogram yet: a server that nobody scrapes never loads the library. One each five minutes is little.
  #unread: number[] = [];

  constructor(measurements: Measurements, prefix: string) {
    this.#measurements = measurements;
    this.#prefix = prefix;
  }

  /** Adds one save of the encryption count to the histogram. */
  observeSave(seconds: number): void {
    this.#unread.push(seconds);
  }

  async render(): Promise<PrometheusText> {
    const library = await this.#load();
    const registry = new library.Registry();
    const saves = this.#histogram(library);
    for (const seconds of this.#unread.splice(0)) saves.observe(seconds);
    registry.registerMetric(saves);
    this.#addTo(registry, library);
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  #load(): Promise<Library> {
    // A CommonJS module: inside the bundle everything it exports stands on `default` alone.
    this.#library ??= import("prom-client").then((library) => library.default ?? library);
    return this.#library;
  }

  #histogram({ Histogram }: Library): Histogram {
    this.#saves ??= new Histogram({
      name: "sealwright_encryption_count_persist_seconds",
      help: "What saving the encryption count took, waiting for the keyring's seal included; one save that timed out is cut off at its limit.",
      buckets: SAVE_BUCKETS,
      registers: [],
    });
    return this.#saves;
  }

  #addTo(registry: Registry, { Counter, Gauge, Summary }: Library): void {
    const named = <Kind>({ name, help, series }: Family<Kind>) => ({
      name: underscored(this.#prefix, name),
      help,
      labelNames: [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))],
      registers: [registry],
    });
    for (const family of this.#measurements.gauges) {
      const gauge = new Gauge(named(family));
      for (const { labels, value } of family.series) gauge.set(labels, value);
    }
    for (const family of this.#measurements.counters) {
      const counter = new Counter(named(family));
      for (const { labels, value } of family.series) counter.inc(labels, value.total);
    }
    /** Sums that were made elsewhere: the library's own summaries keep every value. */
    class Summed extends Summary {
      readonly #family: Family<Sample>;
      constructor(family: Family<Sample>) {
        super(named(family));
        this.#family = family;
      }
      override async get() {
        const metric = await super.get();
        return { ...metric, values: this.#family.series.flatMap((each) => values(metric.name, each)) };
      }
    }
    for (const family of this.#measurements.samples) new Summed(family);
  }
}

function values(name: string, { labels, value }: { readonly labels: Labels; readonly value: Sample }) {
  return [
    { metricName: `${name}_sum`, labels: { ...labels }, value: value.sum },
    { metricName: `${name}_count`, labels: { ...labels }, value: value.count },
  ];
}
