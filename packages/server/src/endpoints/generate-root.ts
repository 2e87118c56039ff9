// SPDX-License-Identifier: Apache-2.0
/**
 * `sys/generate-root/*` without a token, `sys/generate-root-token/*` with one, over the same attempt; and
 * `sys/decode-token`, which reveals a token that a one-time password hides.
 */
import * as z from "zod";
import { cancelScope } from "../ceremonies/cancelling.ts";
import { startedFields } from "../ceremonies/details.ts";
import { revealToken } from "../ceremonies/one-time-password.ts";
import { type GeneratedRootToken, type RootGeneration, TOKEN_LENGTH } from "../ceremonies/root-generation.ts";
import { type Call, type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { dataResponse, noContent, plain } from "../http/respond.ts";

const text = z.string({ error: "expected a string" }).default("");
const start = z.object({ otp: text, pgp_key: text });
const submission = z.object({ key: text, nonce: text });
const cancellation = z.object({ nonce: text });
const hidden = z.object({ encoded_token: text, otp: text });

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

type State = Awaited<ReturnType<RootGeneration["state"]>>;
type Status = NonNullable<State["current"]>;

function statusFields(status: Status) {
  return {
    nonce: status.nonce,
    started: true,
    progress: status.progress,
    required: status.required,
    complete: false,
    pgp_fingerprint: status.details.fingerprint,
    ...startedFields(status),
  };
}

function generatedFields(nonce: string, { encodedToken, fingerprint, required }: GeneratedRootToken) {
  return {
    nonce,
    started: true,
    progress: required,
    required,
    complete: true,
    encoded_token: encodedToken,
    pgp_fingerprint: fingerprint,
  };
}

function idleFields({ required }: State) {
  return { nonce: "", started: false, progress: 0, required, complete: false, pgp_fingerprint: "" };
}

const NO_TOKEN_YET = { encoded_token: "", encoded_root_token: "" };

function begin(generation: RootGeneration, { request, fields }: Call<typeof start>) {
  return generation.start({ otp: fields.otp, pgpKey: fields.pgp_key, startedBy: request.remoteAddress });
}

/** `sys/generate-root/*`. */
export function generateRootEndpoints(generation: RootGeneration, gate: Gate): Endpoint[] {
  const read = operation("State of the root generation", async () => {
    const state = await generation.state();
    const fields = state.current === undefined ? idleFields(state) : statusFields(state.current);
    return plain({ ...fields, ...NO_TOKEN_YET, otp: "", otp_length: TOKEN_LENGTH });
  });
  const write = operationWith("Start a root generation", start, async (call) => {
    const { status, otp } = await begin(generation, call);
    return plain({ ...statusFields(status), ...NO_TOKEN_YET, otp, otp_length: TOKEN_LENGTH });
  });
  const cancel = operationWith("End the root generation", cancellation, async ({ request, fields }) => {
    if ((await generation.state()).current !== undefined) {
      await generation.cancel(await cancelScope(gate, request, fields.nonce));
    }
    return noContent();
  });
  const update = operationWith("Submit a share", submission, async ({ request, fields }) => {
    await generation.state();
    if (fields.key === "") throw new HttpError(400, "'key' must be specified in request body as JSON");
    const outcome = await generation.submit(fields.nonce, fields.key, request.signal);
    const noPassword = { otp: "", otp_length: 0 };
    if (!outcome.complete) return plain({ ...statusFields(outcome.status), ...NO_TOKEN_YET, ...noPassword });
    const generated = generatedFields(outcome.nonce, outcome.answer);
    return plain({ ...generated, encoded_root_token: generated.encoded_token, ...noPassword });
  });
  const path = "sys/generate-root";
  return [
    { path: `${path}/attempt`, access: "open", operations: { GET: read, DELETE: cancel, ...onWrite(write) } },
    { path: `${path}/update`, access: "open", operations: onWrite(update) },
  ];
}

/** `sys/generate-root-token/*`, for tokens with `sudo`. */
export function generateRootTokenEndpoints(generation: RootGeneration, gate: Gate): Endpoint[] {
  const read = operation("State of the root generation", async () => {
    const state = await generation.state();
    if (state.current !== undefined) {
      return dataResponse({ ...statusFields(state.current), otp: "", otp_length: TOKEN_LENGTH });
    }
    const { required } = state;
    return dataResponse({ complete: false, otp: "", otp_length: TOKEN_LENGTH, progress: 0, required, started: false });
  });
  const write = operationWith("Start a root generation", start, async (call) => {
    const { status, otp } = await begin(generation, call);
    return dataResponse({ ...statusFields(status), otp, otp_length: TOKEN_LENGTH });
  });
  const cancel = operationWith("End the root generation", cancellation, async ({ request, fields }) => {
    await generation.cancel(await cancelScope(gate, request, fields.nonce));
    return noContent();
  });
  const update = operationWith("Submit a share", submission, async ({ request, fields }) => {
    if (fields.key === "") throw new HttpError(400, "key is required");
    if (fields.nonce === "") throw new HttpError(400, "nonce is required");
    const outcome = await generation.submit(fields.nonce, fields.key, request.signal);
    if (!outcome.complete) return dataResponse({ ...statusFields(outcome.status), encoded_token: "" });
    return dataResponse(generatedFields(outcome.nonce, outcome.answer));
  });
  const path = "sys/generate-root-token";
  return [
    { path: `${path}/attempt`, access: "sudo", operations: { GET: read, DELETE: cancel, ...onWrite(write) } },
    { path: `${path}/update`, access: "sudo", operations: onWrite(update) },
  ];
}

/** `sys/decode-token`. */
export function decodeTokenEndpoints(): Endpoint[] {
  const decode = operationWith("Reveal a token by its one-time password", hidden, async ({ fields }) => {
    const { encoded_token, otp } = fields;
    if (encoded_token === "" || otp === "") throw new HttpError(400, "provided 'encoded_token' or 'otp' is empty");
    if (!BASE64.test(encoded_token)) throw new HttpError(400, "error decoding base64'd token: it is not base64");
    try {
      return dataResponse({ token: revealToken(encoded_token, otp) });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new HttpError(400, `error xoring token: ${error.message}`);
    }
  });
  return [{ path: "sys/decode-token", access: "open", operations: onWrite(decode) }];
}
