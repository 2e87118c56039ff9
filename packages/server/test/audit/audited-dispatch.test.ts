// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { AuditError } from "../../src/audit/audit-file.ts";
import { auditedDispatch } from "../../src/audit/audited-dispatch.ts";
import type { AuditContent } from "../../src/audit/line.ts";
import { stepOf } from "../../src/audit/steps.ts";
import type { ApiRequest, Method } from "../../src/http/api.ts";
import { HttpError } from "../../src/http/problem.ts";
import { createLog } from "../../src/runtime/log.ts";

function request(method: Method, path: string, text = ""): ApiRequest {
  const signal = new AbortController().signal;
  return { method, path, query: new URLSearchParams(), text, token: undefined, remoteAddress: "192.0.2.7", signal };
}

/** A dispatcher that answers 200, behind an audit that takes `lines` lines and is full then. */
function dispatcher(
  lines: number,
  serve: () => Promise<{ status: number; json?: string }> = async () => ({ status: 200 }),
) {
  const written: AuditContent[] = [];
  const logged: string[] = [];
  const served: string[] = [];
  const dispatch = auditedDispatch(
    (each) => {
      served.push(each.path);
      return serve();
    },
    {
      audit: {
        async append(content) {
          if (written.length >= lines) throw new AuditError("/var/audit.log", "cannot be written (ENOSPC)");
          written.push(content);
        },
      },
      log: createLog({ level: "info", format: "json", write: (line) => void logged.push(line) }),
      identify: async () => undefined,
    },
  );
  return { dispatch, written, logged, served };
}

describe("where the audit file cannot be written", () => {
  it.each(["sys/init", "sys/unseal", "sys/rekey/init", "sys/rotate", "sys/generate-root/attempt"])(
    "%s is refused with 500 and a sentence that names no path, and is not done",
    async (path) => {
      const { dispatch, served } = dispatcher(0);
      await expect(dispatch(request("PUT", path))).rejects.toMatchObject({
        status: 500,
        message: "this request was refused because it cannot be audited: the audit file cannot be written (ENOSPC)",
      });
      expect(served).toEqual([]);
    },
  );

  it("sealing is done all the same, and the log says that its lines are lost", async () => {
    const { dispatch, served, logged } = dispatcher(0);
    expect(await dispatch(request("PUT", "sys/seal"))).toEqual({ status: 200 });
    expect(served).toEqual(["sys/seal"]);
    expect(logged.filter((line) => line.includes("ENOSPC"))).toHaveLength(2);
  });

  it("what is not audited goes on", async () => {
    const { dispatch, served } = dispatcher(0);
    await dispatch(request("GET", "secret/data/x"));
    expect(served).toEqual(["secret/data/x"]);
  });

  it("an answer goes out when its line alone is lost: new shares must not be", async () => {
    const { dispatch, written, logged } = dispatcher(1);
    expect(await dispatch(request("PUT", "sys/rekey/update"))).toEqual({ status: 200 });
    expect(written.map(({ type }) => type)).toEqual(["request"]);
    expect(logged.join("")).toContain("the audit file /var/audit.log cannot be written (ENOSPC)");
    await expect(dispatch(request("PUT", "sys/rekey/update"))).rejects.toMatchObject({ status: 500 });
  });
});

describe("an audited request", () => {
  it("that fails is told with its status and sentence, and fails as before", async () => {
    const { dispatch, written } = dispatcher(9, async () => {
      throw new HttpError(400, "no rekey in progress");
    });
    await expect(dispatch(request("PUT", "sys/rekey/update"))).rejects.toMatchObject({ status: 400 });
    expect(written.at(-1)).toMatchObject({
      type: "response",
      error: "no rekey in progress",
      response: { status: 400 },
    });
  });

  it("that fails by a defect says nothing of it", async () => {
    const { dispatch, written, logged } = dispatcher(9, async () => {
      throw new Error("share 0011 in the wrong place");
    });
    await expect(dispatch(request("PUT", "sys/unseal"))).rejects.toThrow("0011");
    expect(JSON.stringify(written) + logged.join("")).not.toContain("0011");
  });

  it("shows of a body only what can be no secret", async () => {
    const { dispatch, written } = dispatcher(9);
    const share = "A2gRf0NLL+5kJtSZfX0UOZhK/Wquzu4xQHTX2fOrG50K";
    const shown = { secret_shares: 5, reset: true, nonce: "0f8b3a06-9c5e-4a52-a4f1-2f3f6f7b1c11", interval: "24h30m" };
    const hidden = { key: share, migrate: share, secret_threshold: share, pgp_keys: [share], backup: [share], x: 1 };
    await dispatch(request("PUT", "sys/rekey/init", JSON.stringify({ ...shown, ...hidden })));
    expect(written[0]).toMatchObject({ request: { data: shown } });
    expect(Object.keys((written[0] as { request: { data: object } }).request.data)).toHaveLength(4);
  });

  it.each([
    "not json",
    "[1]",
    '"A2gRf0NLL"',
    "null",
    '{"nonce":"A2gRf0NLL"}',
    '{"nonce":["x"]}',
    '{"interval":"A2gRf0"}',
  ])("shows nothing of the body %s", async (text) => {
    const { dispatch, written } = dispatcher(9);
    await dispatch(request("PUT", "sys/unseal", text));
    expect((written[0] as { request: { data: object } }).request.data).toEqual({});
  });

  it.each(["null", "[]", "17", '{"data":null}', '{"data":{"nonce":"A2gR","keys":["A2gR"]}}', "{"])(
    "shows nothing of the answer %s",
    async (json) => {
      const { dispatch, written } = dispatcher(9, async () => ({ status: 200, json }));
      await dispatch(request("PUT", "sys/rekey/update"));
      expect(written.at(-1)).toMatchObject({ response: { status: 200, data: {} } });
      expect(JSON.stringify(written)).not.toContain("A2gR");
    },
  );
});

describe("the steps that are audited", () => {
  it.each([
    ["POST", "sys/init", "update sys/init"],
    ["PUT", "sys/rekey/verify", "update sys/rekey/verify"],
    ["DELETE", "sys/rekey-recovery-key/init", "delete sys/rekey-recovery-key/init"],
    ["GET", "sys/rekey/backup", "read sys/rekey/backup"],
    ["GET", "sys/rekey/update", "read sys/rekey/update"],
    ["GET", "sys/rotate/root/backup", "read sys/rotate/root/backup"],
    ["POST", "sys/rotate/keyring/config", "update sys/rotate/keyring/config"],
    ["PUT", "sys/generate-root/update", "update sys/generate-root/update"],
    ["PUT", "sys/seal-config/confirm/update", "update sys/seal-config/confirm/update"],
    ["PUT", "sys/rekey/A2gRf0NLL+5kJtSZ/x", "update sys/rekey/…/…"],
  ] as const)("%s %s", (method, path, shown) => {
    const step = stepOf(request(method, path));
    expect(`${step?.operation} ${step?.path}`).toBe(shown);
  });

  it.each([
    ["GET", "sys/init"],
    ["GET", "sys/rekey/init"],
    ["GET", "sys/rotate/config"],
    ["GET", "sys/seal-status"],
    ["PUT", "sys/sealed"],
    ["PUT", "sys/rekeys/init"],
    ["PUT", "secret/sys/rekey/init"],
    ["PUT", "auth/token/create"],
  ] as const)("are not %s %s", (method, path) => {
    expect(stepOf(request(method, path))).toBeUndefined();
  });
});
