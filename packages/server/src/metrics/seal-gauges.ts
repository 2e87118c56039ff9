// SPDX-License-Identifier: Apache-2.0
import type { ConfiguredSeal } from "../seals/configured-seals.ts";
import type { Measurements, Reading } from "./measurements.ts";

/** The gauges of the configured seals' health, sealed or not. `seals` is asked whenever somebody reads them. */
export function addSealGauges(measurements: Measurements, seals: () => readonly ConfiguredSeal[]): void {
  const each = (value: (seal: ConfiguredSeal) => number | undefined) => (): Reading[] =>
    seals().flatMap((seal) => {
      const { name, type } = seal.block;
      const read = value(seal);
      return read === undefined ? [] : [{ labels: { name, type }, value: read }];
    });
  measurements.gauge(
    "seal.unreachable.time",
    "Milliseconds since the seal stopped answering; 0 while it does.",
    each(({ health }) => {
      const { state, since } = health.report;
      return since === undefined || state !== "unavailable" ? 0 : Date.now() - since.getTime();
    }),
  );
  measurements.gauge(
    "sealwright.seal_healthy",
    "Whether the seal can be counted on.",
    each(({ health }) => (health.report.healthy ? 1 : 0)),
  );
  measurements.gauge(
    "sealwright.seal_last_good_timestamp_seconds",
    "When the seal last answered a call; absent where it never has.",
    each(({ health }) => {
      const { lastGood } = health.report;
      return lastGood === undefined ? undefined : Math.floor(lastGood.getTime() / 1000);
    }),
  );
  measurements.gauge("sealwright.seal_state", "1 for the state that the seal is in.", () =>
    seals().map(({ block: { name, type }, health }) => ({
      labels: { name, type, state: health.report.state },
      value: 1,
    })),
  );
}
