// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { isSealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SealConfig } from "../../src/config/index.ts";
import { openSeal, type SealHost } from "../../src/seals/open-seal.ts";
import { sealRegistry } from "../../src/seals/registry.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);

function host(log: SealHost["log"] = () => undefined): SealHost {
  return { registry: sealRegistry([]), env: process.env, log };
}

function block(over: Partial<SealConfig>): SealConfig {
  const stanza = { current_key: KEY, current_key_id: "k1" };
  const place = { positions: new Map(), at: undefined };
  const own = {
    isolation: undefined,
    call_deadline: 10_000,
    process_memory_mib: 1_024,
    disabled: false,
    priority: 1,
    purpose: [],
  };
  return { type: "static", name: "static", stanza, ...own, ...place, ...over };
}

describe("a seal with isolation", () => {
  it('"process" runs in a process of its own, whatever its plugin asks for, and wraps as it does otherwise', async () => {
    const logged: string[] = [];
    const { seal } = await openSeal(
      block({ isolation: "process" }),
      host((_, line) => logged.push(line)),
    );
    const { seal: here } = await openSeal(block({}), host());
    onTestFinished(async () => {
      await Promise.all([seal?.close(), here?.close()]);
    });
    const status = (seal as { status?: { pid?: number } }).status;
    expect(await readFile(`/proc/${status?.pid}/comm`, "utf8")).toContain("node");
    expect("status" in here!).toBe(false);
    const blob = await seal!.wrap(Buffer.from("root key"));
    expect(Buffer.from(await here!.unwrap(blob)).toString()).toBe("root key");
    process.kill(status?.pid ?? 0, "SIGKILL");
    await seal!
      .wrap(Buffer.from("x"))
      .catch((error: unknown) => expect(isSealError(error, "SEAL_UNAVAILABLE")).toBe(true));
    expect(Buffer.from(await seal!.unwrap(blob)).toString()).toBe("root key");
  });

  it('"process" refuses a wrong configuration as it does otherwise, and leaves no process', async () => {
    const wrong = { current_key: "short", current_key_id: "k1" };
    for (const isolation of ["process", "none"] as const) {
      const opening = openSeal(block({ isolation, stanza: wrong }), host());
      expect((await rejectsWithCode(opening, "SEAL_CONFIG")).message).not.toContain("short");
    }
  });
});
