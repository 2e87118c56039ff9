// SPDX-License-Identifier: Apache-2.0
/** The command as a process of its own, run from source: its title, its streams, its exit code, a real terminal. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const NODE_ARGS = ["--conditions=source", "--no-warnings", MAIN];
const SEALED = { type: "shamir", initialized: true, sealed: true, t: 3, n: 5, progress: 1, nonce: "x" };

const hasScript = spawnSync("script", ["--version"]).status === 0;
if (!hasScript) console.error("SKIPPED: the hidden prompt on a real terminal, since util-linux `script` is missing");

let server: Server;
let address: string;
let onRequest: () => void;
let bodies: string[];

beforeEach(async () => {
  onRequest = () => {};
  bodies = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString("utf8"));
    onRequest();
    response.end(JSON.stringify(request.url === "/v1/sys/leader" ? {} : SEALED));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...NODE_ARGS, ...args], { env: { ...process.env, VAULT_ADDR: address } });
}

async function end(child: ChildProcess, stdin = ""): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin?.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

describe("the process", () => {
  it.runIf(process.platform === "linux")("shows none of its arguments to others", async () => {
    let shown = "";
    const child = start(["operator", "unseal", "s3cretshare"]);
    onRequest = () => {
      shown ||= readFileSync(`/proc/${child.pid}/cmdline`, "utf8");
    };
    expect(await end(child)).toMatchObject({ code: 0, stderr: "" });
    expect(shown.replaceAll("\0", "")).toBe("sealwright");
    expect(bodies[0]).toContain("s3cretshare");
  });

  it("ends with the command's exit code and writes where it should", async () => {
    expect(await end(start(["status"]))).toMatchObject({ code: 2, stderr: "" });
    const wrong = await end(start(["operator", "unsael"]));
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
    expect(wrong.stderr).toContain("operator unseal");
  });

  it("reads a share from a pipe", async () => {
    expect((await end(start(["operator", "unseal", "-"]), "piped share\n")).code).toBe(0);
    expect(JSON.parse(bodies[0]!)).toMatchObject({ key: "piped share" });
  });

  it("asks nothing when standard input is a pipe, and says why", async () => {
    const outcome = await end(start(["operator", "unseal"]), "ignored\n");
    expect(outcome).toMatchObject({ code: 1, stdout: "Unseal Key (will be hidden): \n" });
    expect(outcome.stderr).toContain("is not a terminal");
    expect(bodies).toEqual([]);
  });

  it("is not upset when nobody reads its output to the end", async () => {
    const child = start(["operator", "init", "-h"]);
    child.stdout?.destroy();
    expect(await end(child)).toMatchObject({ code: 0, stderr: "" });
  });
});

describe.runIf(hasScript)("the hidden prompt on a real terminal", () => {
  /** Runs a command on a terminal of its own, types `keys` when the prompt is there, and returns all that was shown. */
  async function onTerminal(command: string, keys: string): Promise<{ code: number | null; screen: string }> {
    const line = [process.execPath, ...NODE_ARGS, command].join(" ");
    const child = spawn("script", ["-qec", line, "/dev/null"], { env: { ...process.env, VAULT_ADDR: address } });
    let screen = "";
    let typed = false;
    child.stdout.on("data", (chunk: Buffer) => {
      screen += chunk.toString();
      if (typed || !screen.includes("(will be hidden): ")) return;
      typed = true;
      child.stdin.write(keys);
    });
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, screen };
  }

  it("sends what is typed and shows none of it", async () => {
    const { code, screen } = await onTerminal("operator unseal", "s3cretshare\r");
    expect(code).toBe(0);
    expect(screen).toContain("Unseal Key (will be hidden): \r\nKey ");
    expect(screen).not.toContain("s3cret");
    expect(JSON.parse(bodies[0]!)).toMatchObject({ key: "s3cretshare" });
  });

  it("lets the typist correct", async () => {
    await onTerminal("operator unseal", "abX\u007fc\r");
    expect(JSON.parse(bodies[0]!)).toMatchObject({ key: "abc" });
  });

  it("sends nothing after Ctrl-C, and ends with 130", async () => {
    const { code } = await onTerminal("operator unseal", "half\u0003");
    expect(code).toBe(130);
    expect(bodies).toEqual([]);
  });

  it("sends nothing when nothing was typed", async () => {
    const { code, screen } = await onTerminal("operator unseal", "\r");
    expect(code).toBe(1);
    expect(screen).toContain("The unseal key is empty.");
    expect(bodies).toEqual([]);
  });
});
