// SPDX-License-Identifier: Apache-2.0
import { loadSdk } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { expect, test } from "vitest";

test("an SDK that is not installed is SEAL_PLUGIN_UNAVAILABLE, which names the packages and how to install them", async () => {
  const cause = new Error("Cannot find package");
  const loaded = loadSdk("acme", ["@acme/kms", "@acme/login"], () => Promise.reject(cause));
  const error = await rejectsWithCode(loaded, "SEAL_PLUGIN_UNAVAILABLE");
  expect(error.message).toBe("the acme seal needs @acme/kms and @acme/login, which cannot be loaded");
  expect(error).toMatchObject({ cause, advice: expect.stringContaining("npm install @acme/kms @acme/login") });
});

test("an SDK that is there is given as it was loaded", async () => {
  const sdk = { Client: class {} };
  expect(await loadSdk("acme", ["@acme/kms"], async () => sdk)).toBe(sdk);
});
