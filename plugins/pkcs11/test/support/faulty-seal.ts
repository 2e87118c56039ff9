// SPDX-License-Identifier: Apache-2.0
import type { IsolatedSeal, IsolationOptions } from "@sealwright/isolation";
import type { SealedBlob, Stanza } from "@sealwright/seal";
import { type FaultyHsm, faultyHsm } from "@sealwright/testing/faulty-hsm";
import type { TestToken } from "@sealwright/testing/test-token";
import { onTestFinished, vi } from "vitest";
import { openApart, stanzaFor } from "./seals.ts";
import type { Make } from "./tokens.ts";

/** The key that every faulty token has. */
export const KEY = { label: "k", id: "01" };
export const TEXT = Buffer.from("the root key");

/** A seal whose library misbehaves on command, used once already: one session is open and logged in. */
export interface FaultySeal {
  readonly hsm: TestToken;
  readonly faulty: FaultyHsm;
  readonly seal: IsolatedSeal;
  readonly stanza: Stanza;
  /** What was wrapped before anything went wrong. */
  readonly blob: SealedBlob;
  readonly logged: string[];
  /** Wraps and unwraps once, and says whether the text came back. */
  works(): Promise<boolean>;
}

/** Opens a seal over a faulty token of `make`; all of it goes with the test. */
export async function faultySeal(
  make: Make,
  over: Stanza = {},
  options: Partial<IsolationOptions> = {},
): Promise<FaultySeal> {
  const hsm = await make.tokenWith(KEY);
  const faulty = await faultyHsm({ forwardTo: hsm.lib });
  const stanza = { ...stanzaFor(hsm), lib: faulty.lib, key_label: KEY.label, ...over };
  const logged: string[] = [];
  const log = (level: string, message: string): void => void logged.push(`${level}: ${message}`);
  const env = { ...process.env, ...hsm.env, ...faulty.env };
  const seal = await openApart(hsm, stanza, log, { env, deadlineMs: 5_000, ...options });
  onTestFinished(async () => {
    faulty.clear();
    await seal.close();
    await Promise.all([hsm.stop(), faulty.stop()]);
  });
  const blob = await vi.waitFor(() => seal.wrap(TEXT));
  const works = async (): Promise<boolean> => TEXT.equals(await seal.unwrap(await seal.wrap(TEXT)));
  return { hsm, faulty, seal, stanza, blob, logged, works };
}
