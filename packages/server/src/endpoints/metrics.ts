// SPDX-License-Identifier: Apache-2.0
import { type ApiRequest, type ApiResponse, type Endpoint, type Operation, operation } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { plain } from "../http/respond.ts";
import { metricsJson } from "../metrics/json.ts";
import type { Measurements } from "../metrics/measurements.ts";
import type { Prometheus } from "../metrics/prometheus.ts";

const PATH = "sys/metrics";

/** What the metrics endpoint needs. */
export interface MetricsDeps {
  readonly measurements: Measurements;
  readonly prometheus: Prometheus;
  /** What Vault's names begin with. */
  readonly prefix: string;
  /** Whether the Prometheus format is on. */
  readonly prometheusEnabled: boolean;
}

/** What `sys/metrics` answers: JSON, or Prometheus' text where `format=prometheus` asks for it. */
export function metricsOperation({ measurements, prometheus, prefix, prometheusEnabled }: MetricsDeps): Operation {
  const began = Date.now();
  return operation(
    "The server's metrics",
    async ({ request }) => {
      const format = request.query.get("format") ?? "";
      if (format === "prometheus") {
        if (!prometheusEnabled) throw new HttpError(400, "prometheus is not enabled");
        const { contentType, text } = await prometheus.render();
        return { status: 200, json: text, headers: { "Content-Type": contentType } };
      }
      if (format !== "" && format !== "json") {
        throw new HttpError(400, `metric response format ${JSON.stringify(format)} unknown: use prometheus or json`);
      }
      const now = new Date();
      return plain(metricsJson(measurements, prefix, now, Math.max((now.getTime() - began) / 1000, 1)));
    },
    { format: "prometheus for Prometheus' text; JSON unless given." },
  );
}

/** `sys/metrics`, for tokens that may read it. */
export function metricsEndpoints(read: Operation): Endpoint[] {
  return [{ path: PATH, access: "guarded", operations: { GET: read } }];
}

type Dispatch = (request: ApiRequest) => Promise<ApiResponse>;

/** `dispatch` for a listener that shows metrics to everybody, sealed or not. */
export function withOpenMetrics(dispatch: Dispatch, read: Operation): Dispatch {
  return async (request) =>
    request.path === PATH && request.method === "GET" ? read.run(request, "") : dispatch(request);
}
