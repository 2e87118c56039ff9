// SPDX-License-Identifier: Apache-2.0
/** Which requests are audited: those that change who can open the store, or whether it is open. */
import type { ApiRequest, Method } from "../http/api.ts";

/** An audited request in Vault's words. */
export interface Step {
  /** What the log calls it. */
  readonly name: string;
  readonly operation: "read" | "update" | "delete";
  /** The request's path; words that are none of ours stand as `…`, since a secret may be among them. */
  readonly path: string;
  /** `refuse`: without its line the request is not served. `serve`: sealing waits for nothing. */
  readonly unaudited: "refuse" | "serve";
}

interface Family {
  readonly path: string;
  readonly name: string;
  readonly unaudited: Step["unaudited"];
}

/** A path and all below it. */
const FAMILIES: readonly Family[] = [
  { path: "sys/init", name: "initialisation", unaudited: "refuse" },
  { path: "sys/unseal", name: "unseal", unaudited: "refuse" },
  { path: "sys/seal", name: "seal", unaudited: "serve" },
  { path: "sys/seals", name: "change of the seals", unaudited: "refuse" },
  { path: "sys/config", name: "change of the configured seals", unaudited: "refuse" },
  { path: "sys/rekey", name: "rekey", unaudited: "refuse" },
  { path: "sys/rekey-recovery-key", name: "rekey of the recovery key", unaudited: "refuse" },
  { path: "sys/rotate", name: "rotation", unaudited: "refuse" },
  { path: "sys/generate-root", name: "root generation", unaudited: "refuse" },
  { path: "sys/generate-root-token", name: "root generation", unaudited: "refuse" },
  { path: "sys/seal-config", name: "confirmation of the seal configuration", unaudited: "refuse" },
];

/** What may stand below a family's path. */
const WORDS = new Set(
  [
    "init update verify backup recovery-backup recovery-key-backup attempt root recovery keyring config confirm",
    "add remove migrate finish undo reload seals shares recovery-keys start off rekey",
  ].flatMap((words) => words.split(" ")),
);

const OPERATIONS: Readonly<Partial<Record<Method, Step["operation"]>>> = {
  PUT: "update",
  POST: "update",
  PATCH: "update",
  DELETE: "delete",
};

/** Looking is no step, with two exceptions: a backup holds shares, and OpenBao takes a share by GET as well. */
const STEPS_BY_GET = /(backup|update)$/;

function operationOf({ method, path }: ApiRequest): Step["operation"] | undefined {
  return OPERATIONS[method] ?? (STEPS_BY_GET.test(path) ? "read" : undefined);
}

/** What step of what `request` is, or undefined where it is none that is audited. */
export function stepOf(request: ApiRequest): Step | undefined {
  const family = FAMILIES.find(({ path }) => request.path === path || request.path.startsWith(`${path}/`));
  const operation = family && operationOf(request);
  if (family === undefined || operation === undefined) return undefined;
  const rest = request.path.slice(family.path.length).split("/").filter(Boolean);
  const path = [family.path, ...rest.map((word) => (WORDS.has(word) ? word : "…"))].join("/");
  return { name: family.name, operation, path, unaudited: family.unaudited };
}
