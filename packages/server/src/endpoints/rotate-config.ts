// SPDX-License-Identifier: Apache-2.0
/** `sys/rotate/config` and `sys/rotate/keyring/config`: when the data key is replaced without being asked. */
import { configureRotation, type RotationConfig, type SealedStore } from "@sealwright/core";
import * as z from "zod";
import { parseDuration } from "../config/duration.ts";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { dataResponse, noContent } from "../http/respond.ts";
import { goDuration } from "../tokens/ttl.ts";
import { invalidField, truth } from "./framework-fields.ts";

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const WHOLE = /^[+-]?\d{1,18}$/;
const scalar = z.union([z.string(), z.number()]);

const body = z.object({
  enabled: z.unknown().optional(),
  max_operations: z.unknown().optional(),
  interval: z.unknown().optional(),
});

function refuse(field: string, why: string): never {
  throw new HttpError(400, invalidField(field, why));
}

function scalarText(field: string, value: unknown): string {
  const parsed = scalar.safeParse(value);
  return parsed.success ? String(parsed.data).trim() : refuse(field, "expected a number or a text");
}

function operations(value: unknown): bigint {
  const text = scalarText("max_operations", value);
  if (WHOLE.test(text)) return BigInt(text);
  return refuse("max_operations", "'' cannot parse value as 'int64': strconv.ParseInt: invalid syntax");
}

/** A duration as Go writes it, or seconds; whole seconds, 0 for never. */
function interval(value: unknown): bigint {
  const text = scalarText("interval", value);
  const size = text.replace(/^-/, "");
  const milliseconds = parseDuration(size);
  if (milliseconds === undefined) return refuse("interval", `time: invalid duration ${JSON.stringify(text)}`);
  if (size !== text) return refuse("interval", `cannot provide negative value '-${Math.trunc(milliseconds / 1000)}'`);
  if (!Number.isSafeInteger(milliseconds) || milliseconds % 1000 !== 0) {
    return refuse("interval", `${JSON.stringify(text)} is not a whole number of seconds`);
  }
  return BigInt(milliseconds) * NANOSECONDS_PER_MILLISECOND;
}

function enabled(value: unknown): boolean {
  const parsed = truth.safeParse(value);
  return parsed.success
    ? parsed.data
    : refuse("enabled", "'' cannot parse value as 'bool': strconv.ParseBool: invalid syntax");
}

function changeOf(fields: z.output<typeof body>): Partial<RotationConfig> {
  return {
    ...(fields.enabled === undefined ? {} : { disabled: !enabled(fields.enabled) }),
    ...(fields.max_operations === undefined ? {} : { maxOperations: operations(fields.max_operations) }),
    ...(fields.interval === undefined ? {} : { intervalNanoseconds: interval(fields.interval) }),
  };
}

function shown({ disabled, maxOperations, intervalNanoseconds }: RotationConfig) {
  const milliseconds = Number(intervalNanoseconds / NANOSECONDS_PER_SECOND) * 1000;
  return {
    enabled: !disabled,
    interval: intervalNanoseconds === 0n ? 0 : goDuration(milliseconds),
    max_operations: maxOperations,
  };
}

/** `sys/rotate/config`. */
export function rotateConfigEndpoints(store: SealedStore): Endpoint[] {
  const read = operation("When the data key is replaced by itself", async () =>
    dataResponse(shown(store.barrier.keyring.rotation)),
  );
  const write = operationWith("Change when the data key is replaced by itself", body, async ({ fields }) => {
    await configureRotation(store, changeOf(fields));
    return noContent();
  });
  const operations = { GET: read, ...onWrite(write) };
  return ["sys/rotate/config", "sys/rotate/keyring/config"].map((path) => ({ path, access: "sudo", operations }));
}
