// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { linesIn, notesIn, temporaryFolder } from "./support/folder.ts";
import { type Audited, STATIC, startAudited, unseal, unsealedShamir } from "./support/server.ts";

const steps = (on: Audited) =>
  linesIn(on.path).flatMap(({ type, request }) => (request ? [`${type} ${request.operation} ${request.path}`] : []));

async function settled(on: Audited, notes: number): Promise<void> {
  await vi.waitFor(() => expect(notesIn(on.path)).toHaveLength(notes));
}

describe("an audited server", () => {
  it("writes a line before and after init, each share of an unseal, and a seal", async () => {
    const { on, root } = await unsealedShamir(temporaryFolder());
    await settled(on, 1);
    await on.call("PUT", "sys/seal", {}, root);
    expect(steps(on)).toEqual(
      ["sys/init", "sys/unseal", "sys/unseal", "sys/seal"].flatMap((path) => [
        `request update ${path}`,
        `response update ${path}`,
      ]),
    );
    const [request, response] = linesIn(on.path);
    expect(request).toMatchObject({ request: { remote_address: "192.0.2.7", data: { secret_shares: 2 } } });
    expect(response?.request?.id).toBe(request?.request?.id);
    expect(response).toMatchObject({ response: { status: 200 } });
    expect(linesIn(on.path)[5]?.response?.data).toMatchObject({ sealed: false, t: 2, n: 2 });
  });

  it("says whose token sealed it, and not the token", async () => {
    const { on, root } = await unsealedShamir(temporaryFolder());
    await on.call("PUT", "sys/seal", {}, root);
    expect(linesIn(on.path).at(-1)?.auth).toMatchObject({ display_name: "root", policies: ["root"] });
    expect(readFileSync(on.path, "utf8")).not.toContain(root);
  });

  it("names nobody where the token is unknown, and tells the refusal", async () => {
    const { on } = await unsealedShamir(temporaryFolder());
    expect(await on.call("PUT", "sys/seal", {}, "hvs.unknown")).toMatchObject({ status: 403 });
    const last = linesIn(on.path).at(-1);
    expect(last).toMatchObject({ error: "permission denied", response: { status: 403 } });
    expect(last?.auth).toBeUndefined();
  });

  it("keeps to itself who looked at a status, and writes nothing for ordinary requests", async () => {
    const { on, root } = await unsealedShamir(temporaryFolder());
    await settled(on, 1);
    const { length } = linesIn(on.path);
    for (const path of ["sys/seal-status", "sys/init", "sys/health", "sys/rekey/init", "sys/key-status"]) {
      await on.call("GET", path, undefined, root);
    }
    await on.call("PUT", "sys/policies/acl/x", { policy: "" }, root);
    expect(linesIn(on.path)).toHaveLength(length);
  });

  it("never writes a share, a token, an OTP or a new share, in whatever field it comes", async () => {
    const { on, keys, root } = await unsealedShamir(temporaryFolder());
    const secrets = new Set([...keys, root]);
    const put = async (path: string, body: object) => {
      const answer = await on.call("PUT", path, body, root);
      const {
        keys: hex,
        keys_base64: base64,
        otp,
        encoded_token,
        encoded_root_token,
      } = answer.body as {
        [name: string]: string | string[] | undefined;
      };
      for (const each of [hex, base64, otp, encoded_token, encoded_root_token].flat()) if (each) secrets.add(each);
      return answer;
    };
    const { body: rekey } = await put("sys/rekey/init", { secret_shares: 3, secret_threshold: 2 });
    await put("sys/rekey/update", { key: keys[0], nonce: keys[1] });
    await put("sys/rekey/update", { key: "not a share", nonce: rekey.nonce });
    for (const key of keys) await put("sys/rekey/update", { key, nonce: rekey.nonce });
    const { body: generation } = await put("sys/generate-root/attempt", {});
    for (const key of [...secrets].slice(-3)) await put("sys/generate-root/update", { key, nonce: generation.nonce });
    await put(`sys/rekey/${keys[0]}`, {});
    await put("sys/rekey/init", { secret_shares: keys[0], pgp_keys: [keys[1]], nonce: root, type: root });
    await put("sys/rotate/config", { interval: keys[0], max_operations: root });
    await on.call("DELETE", `sys/rekey/init?nonce=${encodeURIComponent(keys[0] ?? "")}`);
    await put("sys/rotate", {});
    await put("sys/seal", {});
    expect(secrets.size).toBeGreaterThan(8);
    const written = readFileSync(on.path, "utf8") + on.log.join("");
    expect(written).toContain("sys/rekey/update");
    for (const secret of secrets) {
      expect(written).not.toContain(secret);
      expect(written).not.toContain(Buffer.from(secret, "base64").toString("hex"));
    }
  });

  it("writes each step of a rekey with its nonce and progress, and one line of the log", async () => {
    const { on, keys } = await unsealedShamir(temporaryFolder());
    const { body } = await on.call("PUT", "sys/rekey/init", { secret_shares: 1, secret_threshold: 1 });
    await on.call("PUT", "sys/rekey/update", { key: keys[0], nonce: body.nonce });
    const last = linesIn(on.path).at(-1);
    expect(last).toMatchObject({
      request: { path: "sys/rekey/update", data: { nonce: body.nonce } },
      response: { data: { nonce: body.nonce, progress: 1, required: 2 } },
    });
    const entry = JSON.parse(on.log.findLast((line) => line.includes("sys/rekey/update")) ?? "") as object;
    expect(entry).toMatchObject({
      remote_address: "192.0.2.7",
      status: 200,
      progress: 1,
      msg: "rekey: update sys/rekey/update",
    });
  });

  it("does not start where the file cannot be written", async () => {
    const folder = temporaryFolder();
    const on = await startAudited(folder);
    await on.stop();
    rmSync(on.path);
    mkdirSync(on.path);
    await expect(startAudited(folder)).rejects.toMatchObject({ name: "AuditError" });
    rmSync(on.path, { recursive: true });
    writeFileSync(on.path, "something else\n");
    await expect(startAudited(folder)).rejects.toMatchObject({ name: "AuditError" });
    rmSync(on.path);
    await (await startAudited(folder)).stop();
  });

  it("goes on in a new file at reload, and starts again after that without a finding", async () => {
    const folder = temporaryFolder();
    const { on, keys } = await unsealedShamir(folder);
    await settled(on, 1);
    renameSync(on.path, `${on.path}.1`);
    await on.server.reload();
    expect(linesIn(on.path)[0]).toMatchObject({ note: { name: "new file" } });
    await on.stop();
    rmSync(`${on.path}.1`);
    const again = await startAudited(folder);
    await unseal(again, keys);
    await settled(again, 2);
    expect(notesIn(again.path).at(-1)).toEqual({ name: "unsealed", by: "shamir", anchored: true });
  });

  it("notes every unsealing by an auto seal, which no request asks for", async () => {
    const folder = temporaryFolder();
    const first = await startAudited(folder, STATIC);
    await first.call("PUT", "sys/init", {});
    await first.stop();
    const again = await startAudited(folder, STATIC);
    await again.server.store.unseal();
    await vi.waitFor(() => expect(notesIn(again.path).at(-1)).toMatchObject({ name: "unsealed", by: "static" }));
  });
});
