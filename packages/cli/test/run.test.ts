// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Io, run } from "../src/index.ts";

/** Runs a command whose prompt breaks with `thrown`. */
async function broken(thrown: unknown): Promise<{ code: number; stderr: string }> {
  const written: string[] = [];
  const io: Io = {
    args: ["login"],
    env: {},
    stdout: { isTTY: false, write: () => undefined },
    stderr: { isTTY: false, write: (text) => void written.push(String(text)) },
    stdinIsTTY: true,
    readStdin: async () => "",
    promptHidden: () => Promise.reject(thrown),
  };
  const code = await run(io);
  return { code, stderr: written.join("") };
}

describe("a defect of the command itself", () => {
  it("ends with 1, one line and where it happened, without lines of source", async () => {
    const { code, stderr } = await broken(new TypeError("x is not a function\n\nconst secretSource = 1;"));
    const [line, ...frames] = stderr.trimEnd().split("\n");
    expect(code).toBe(1);
    expect(line).toBe("Internal error: TypeError: x is not a function");
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) expect(frame).toMatch(/^ +at /);
  });

  it("that throws something else than an error ends with 1 and one line", async () => {
    expect(await broken("no error")).toEqual({ code: 1, stderr: "Internal error: no error\n" });
  });
});
