// SPDX-License-Identifier: Apache-2.0
import type { StoreStatus } from "@sealwright/core";
import { type Endpoint, operation } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { plain } from "../http/respond.ts";
import { VERSION } from "../version.ts";
import { type StatusDeps, whySealed } from "./seal-status.ts";

/** Parameters that choose what a state's status code is. */
const CODES = {
  activecode: "The status code of an unsealed server; 200 unless given.",
  sealedcode: "The status code of a sealed server; 503 unless given.",
  uninitcode: "The status code of a server that is not initialised; 501 unless given.",
  standbycode: "The status code of a standby; 429 unless given. There are none yet.",
};

const BOOLEAN = /^(1|t|true|0|f|false)$/i;

/** A status code that the caller chose by a query parameter, or `otherwise`. Throws a bare 400, as Vault does. */
function code(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 200 || value > 599) throw new HttpError(400);
  return value;
}

function checkBooleans(query: URLSearchParams): void {
  for (const name of ["standbyok", "perfstandbyok"]) {
    const text = query.get(name);
    if (text !== null && text !== "" && !BOOLEAN.test(text)) throw new HttpError(400);
  }
}

function statusCode(query: URLSearchParams, status: StoreStatus): number {
  checkBooleans(query);
  const codes = {
    uninitialized: code(query, "uninitcode", 501),
    sealed: code(query, "sealedcode", 503),
    active: code(query, "activecode", 200),
    standby: code(query, "standbycode", 429),
  };
  if (!status.initialized) return codes.uninitialized;
  return status.sealed ? codes.sealed : codes.active;
}

/** `sys/health`: the state as a status code, for load balancers, and why in the body. */
export function healthEndpoints({ store, unsealer }: StatusDeps): Endpoint[] {
  return [
    {
      path: "sys/health",
      access: "open",
      operations: {
        GET: operation(
          "The state of the server as a status code",
          async ({ request: { query } }) => {
            const status = await store.status();
            const mode = status.sealed ? "unknown" : "disabled";
            const failure = whySealed(status, unsealer);
            const body = {
              initialized: status.initialized,
              sealed: status.sealed,
              standby: status.sealed,
              replication_performance_mode: mode,
              replication_dr_mode: mode,
              server_time_utc: Math.floor(Date.now() / 1000),
              version: VERSION,
              ...(status.cluster === undefined
                ? {}
                : { cluster_name: status.cluster.name, cluster_id: status.cluster.id }),
              ...(failure === undefined ? {} : { unseal_error: failure.reason }),
            };
            return plain(body, statusCode(query, status));
          },
          CODES,
        ),
      },
    },
    {
      path: "sys/leader",
      access: "open",
      operations: {
        GET: operation("Which server is active: this one, alone", async () => plain({ ha_enabled: false })),
      },
    },
  ];
}
