// SPDX-License-Identifier: Apache-2.0
/** `sys/metrics` as Vault answers it in JSON: gauges, counters and samples. Ours add up since the server started. */
import type { Counter, Family, Labels, Measurements, Sample } from "./measurements.ts";
import { dotted } from "./names.ts";

interface Shown {
  readonly Name: string;
  readonly Labels: Labels;
}

function entries<Kind, Fields extends object>(
  prefix: string,
  families: readonly Family<Kind>[],
  fields: (value: Kind) => Fields,
): (Shown & Fields)[] {
  return families.flatMap(({ name, series }) =>
    series.map(({ labels, value }) => ({ Name: dotted(prefix, name), ...fields(value), Labels: labels })),
  );
}

/** Each count is an increment by one, as Vault's own are. */
function ofCounter({ total }: Counter, seconds: number) {
  const each = total === 0 ? 0 : 1;
  return { Count: total, Rate: total / seconds, Sum: total, Min: each, Max: each, Mean: each, Stddev: 0 };
}

function ofSample({ count, sum, squares, min, max }: Sample, seconds: number) {
  const mean = count === 0 ? 0 : sum / count;
  const variance = count < 2 ? 0 : Math.max(squares - count * mean * mean, 0) / (count - 1);
  return {
    Count: count,
    Rate: sum / seconds,
    Sum: sum,
    Min: count === 0 ? 0 : min,
    Max: count === 0 ? 0 : max,
    Mean: mean,
    Stddev: Math.sqrt(variance),
  };
}

/** The body of `sys/metrics`; `seconds` is how long the server has run, for rates. */
export function metricsJson(measurements: Measurements, prefix: string, now: Date, seconds: number): object {
  const { gauges, counters, samples } = measurements;
  return {
    Timestamp: `${now.toISOString().replace("T", " ").replace("Z", "")} +0000 UTC`,
    Gauges: entries(prefix, gauges, (value) => ({ Value: value })),
    Points: [],
    Counters: entries(prefix, counters, (value) => ofCounter(value, seconds)),
    Samples: entries(prefix, samples, (value) => ofSample(value, seconds)),
  };
}
