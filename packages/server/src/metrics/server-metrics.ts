// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import type { ServerConfig } from "../config/index.ts";
import { metricsOperation } from "../endpoints/metrics.ts";
import type { Operation } from "../http/api.ts";
import { Measurements } from "./measurements.ts";
import { Prometheus } from "./prometheus.ts";
import { addStoreGauges, StoreMetrics, type StoreMetricsDeps } from "./store-metrics.ts";

/** All that one server measures, and how it is read. */
export class ServerMetrics {
  readonly measurements = new Measurements();
  /** What `sys/metrics` does. */
  readonly read: Operation;
  readonly #prometheus: Prometheus;

  constructor({ metrics_prefix: prefix, prometheus_retention_time: retention }: ServerConfig["telemetry"]) {
    this.#prometheus = new Prometheus(this.measurements, prefix);
    this.read = metricsOperation({
      measurements: this.measurements,
      prometheus: this.#prometheus,
      prefix,
      prometheusEnabled: retention > 0,
    });
  }

  /** Measures what a store tells. */
  observer(deps: Pick<StoreMetricsDeps, "log" | "sealType" | "timeoutVariable">): StoreMetrics {
    return new StoreMetrics({ measurements: this.measurements, prometheus: this.#prometheus, ...deps });
  }

  /** Shows the state of `store`. */
  show(store: SealedStore): void {
    addStoreGauges(this.measurements, store);
  }

  tokenCreated(type: string): void {
    this.measurements.counter("token.creation", "Tokens created, by type.", { token_type: type }).add();
  }
}
