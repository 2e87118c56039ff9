// SPDX-License-Identifier: Apache-2.0
import { isSealError } from "@sealwright/seal";
import type { Fault, FaultyHsm } from "@sealwright/testing/faulty-hsm";
import { expect, vi } from "vitest";
import { type FaultySeal, TEXT } from "./faulty-seal.ts";

/** Numbers that look random and are the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How long a busy machine may keep this process itself from noticing an answer; a hang would last for ever. */
const SLACK_MS = 1_500;
const CODES = [0x30, 0x05, 0x06, 0xb3, 0x101, 0x60, 0x82, 0x190, 0x32, 0x90];
const FUNCTIONS = ["C_EncryptInit", "C_Encrypt", "C_GetSessionInfo", "C_OpenSession", "C_FindObjectsInit"];

/** Arms one fault; at most every tenth hangs. */
function strike(faulty: FaultyHsm, random: () => number): Fault {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const kind = random();
  if (kind < 0.1) return faulty.hang(pick(["C_Encrypt", "C_EncryptInit"]), { times: 1 });
  if (kind < 0.15) return faulty.crash("C_Encrypt");
  if (kind < 0.3) return faulty.dropSession("C_EncryptInit");
  if (kind < 0.4) return faulty.dropSessions("C_Encrypt");
  if (kind < 0.5) return faulty.logOut("C_EncryptInit");
  if (kind < 0.6) return faulty.delay("C_Encrypt", 20, { times: 1 });
  return faulty.fail(pick(FUNCTIONS), pick(CODES), 1 + Math.floor(random() * 3));
}

/**
 * Wraps `wraps` times with 8 callers while a fault strikes every 50 calls, and opens what was wrapped afterwards. Every
 * call is answered within `deadlineMs` and a little; what fails fails as an outage; nothing that was wrapped is wrong.
 * Answers how many succeeded.
 */
export async function surviveRandomFaults(
  { seal, faulty }: FaultySeal,
  { wraps, deadlineMs, seed }: { readonly wraps: number; readonly deadlineMs: number; readonly seed: number },
): Promise<number> {
  const random = generator(seed);
  const blobs: Awaited<ReturnType<typeof seal.wrap>>[] = [];
  const outages = new Set<string>();
  let [begun, slowest] = [0, 0];
  let fault: Fault | undefined;
  const caller = async (): Promise<void> => {
    while (begun < wraps) {
      if (begun++ % 50 === 0) {
        fault?.lift();
        fault = strike(faulty, random);
      }
      const began = performance.now();
      try {
        blobs.push(await seal.wrap(TEXT));
      } catch (error) {
        if (!isSealError(error) || !error.retryable) throw error;
        outages.add(error.code);
      }
      slowest = Math.max(slowest, performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  faulty.clear();
  expect(slowest).toBeLessThan(deadlineMs + SLACK_MS);
  // The last fault may have ended the process, and a start takes longer than these deadlines.
  for (const blob of blobs) {
    const opened = await vi.waitFor(() => seal.unwrap(blob), { timeout: 10_000 });
    expect(TEXT.equals(opened)).toBe(true);
  }
  return blobs.length;
}
