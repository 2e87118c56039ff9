// SPDX-License-Identifier: Apache-2.0
/** What operators read in the log of the count's saves, of rotations and of rewraps. */
import type { CountSave } from "@sealwright/core";
import { SealError } from "@sealwright/seal";
import { describe, expect, it } from "vitest";
import { Measurements } from "../../src/metrics/measurements.ts";
import { Prometheus } from "../../src/metrics/prometheus.ts";
import { StoreMetrics } from "../../src/metrics/store-metrics.ts";
import { createLog } from "../../src/runtime/log.ts";

const SAVE: CountSave = {
  outcome: "saved",
  milliseconds: 4.2,
  timeoutMilliseconds: 1_000,
  encryptions: 12_345n,
  occasion: "interval",
};

function watched() {
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "standard", write: (line) => lines.push(line) });
  const measurements = new Measurements();
  const prometheus = new Prometheus(measurements, "vault");
  const timeoutVariable = "VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT";
  const metrics = new StoreMetrics({ measurements, prometheus, log, sealType: "pkcs11", timeoutVariable });
  return { lines, prometheus, metrics };
}

describe("a save of the count", () => {
  it("that works is not worth a line", () => {
    const { lines, metrics } = watched();
    metrics.countSaveEnded(SAVE);
    expect(lines).toEqual([]);
  });

  it("that times out is a warning that names the seal, what it took, and the variable to raise", () => {
    const { lines, metrics } = watched();
    metrics.countSaveEnded({ ...SAVE, outcome: "timeout", milliseconds: 1_003.7 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("[WARN]");
    expect(lines[0]).toContain("the pkcs11 seal did not wrap the keyring within 1000 ms");
    expect(lines[0]).toContain("raise VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT");
    expect(lines[0]).toContain("took_ms=1004");
    expect(lines[0]).toContain("encryptions=12345");
    expect(lines[0]).toContain("the next save includes this one");
  });

  it("that times out while the server stops says what the next start counts from", () => {
    const { lines, metrics } = watched();
    metrics.countSaveEnded({ ...SAVE, outcome: "timeout", occasion: "sealing" });
    expect(lines[0]).toContain("The next start counts from a ceiling above it instead");
  });

  it("that fails says why", () => {
    const { lines, metrics } = watched();
    metrics.countSaveEnded({ ...SAVE, outcome: "failed", error: new SealError("SEAL_DENIED", "the HSM said no") });
    expect(lines[0]).toContain("the encryption count was not saved: the HSM said no");
  });

  it("that was overtaken by a newer keyring is counted and not told", async () => {
    const { lines, metrics, prometheus } = watched();
    metrics.countSaveEnded({ ...SAVE, outcome: "superseded" });
    expect(lines).toEqual([]);
    const { text } = await prometheus.render();
    expect(text).toMatch(/^sealwright_encryption_count_persist_failures_total\{reason="superseded"\} 1$/m);
    expect(text).toMatch(/^sealwright_encryption_count_persist_failures_total\{reason="timeout"\} 0$/m);
  });

  it("stands in the histogram by its seconds", async () => {
    const { metrics, prometheus } = watched();
    metrics.countSaveEnded({ ...SAVE, milliseconds: 5_200 });
    const { text } = await prometheus.render();
    expect(text).toMatch(/^sealwright_encryption_count_persist_seconds_bucket\{le="8"\} 1$/m);
    expect(text).toMatch(/^sealwright_encryption_count_persist_seconds_bucket\{le="5"\} 0$/m);
    expect(text).toMatch(/^sealwright_encryption_count_persist_seconds_sum 5\.2$/m);
    metrics.countSaveEnded({ ...SAVE, milliseconds: 800 });
    const { text: later } = await prometheus.render();
    expect(later).toMatch(/^sealwright_encryption_count_persist_seconds_count 2$/m);
    expect(later).toMatch(/^sealwright_encryption_count_persist_seconds_sum 6$/m);
  });
});

describe("a rotation by itself", () => {
  it("is counted and told with its reason", async () => {
    const { lines, metrics, prometheus } = watched();
    metrics.rotated("operations", 7);
    expect(lines[0]).toMatch(/\[INFO\] {2}the data key was replaced: reason=operations term=7/);
    expect((await prometheus.render()).text).toMatch(/^vault_barrier_auto_rotation 1$/m);
  });

  it("that failed is an error with its cause", () => {
    const { lines, metrics } = watched();
    metrics.rotationFailed("interval", new SealError("SEAL_UNAVAILABLE", "no answer"));
    expect(lines[0]).toContain("[ERROR] the data key is due to be replaced and was not: no answer");
  });
});

describe("a root key or recovery key that was moved to a newer key of its seal", () => {
  it("is told with both keys, and counted by seal", async () => {
    const { lines, metrics, prometheus } = watched();
    const key = "projects/p/cryptoKeys/k/cryptoKeyVersions/";
    for (const path of ["core/hsm/barrier-unseal-keys", "core/recovery-key"]) {
      metrics.rootKeyRewrapped({ seal: "gcp", path, from: `${key}1`, to: `${key}2` });
      expect(lines.pop()).toContain(
        `[INFO]  ${path} is under a newer key of its seal now: seal=gcp from=${key}1 to=${key}2`,
      );
    }
    expect((await prometheus.render()).text).toMatch(/^sealwright_root_key_rewraps_total\{seal="gcp"\} 2$/m);
  });
});

describe("seal wrap", () => {
  it("says of an entry that was not rewrapped why, and that it can be read", () => {
    const { lines, metrics } = watched();
    metrics.rewrapFailed("core/keyring", new SealError("SEAL_UNAVAILABLE", "the HSM is down"));
    expect(lines[0]).toContain("[WARN]");
    expect(lines[0]).toContain(
      "core/keyring was not rewrapped, stays readable as it is, and is tried again: the HSM is down",
    );
  });

  it("tells how a rewrap ended, failed entries by their number", () => {
    const { lines, metrics } = watched();
    metrics.rewrapEnded({ running: false, processed: 2, succeeded: 1, failed: 1 });
    expect(lines[0]).toMatch(/rewrapped the entries .*succeeded=1 failed=1/);
  });

  it("warns of a key that has wrapped 2^31 times, quotes its name, and says what to do", () => {
    const { lines, metrics } = watched();
    metrics.sealKeyUsedUp({ type: "pkcs11", keyId: 'a"\n', wraps: 2 ** 31 });
    expect(lines[0]).toContain("[WARN]");
    expect(lines[0]).toContain('the pkcs11 seal\'s key "a\\"\\n" has wrapped 2147483648 times');
    expect(lines[0]).toContain("rotate it at its service or device, then rewrap");
  });
});
