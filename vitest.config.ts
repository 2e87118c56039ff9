// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

// Packages are tested from their sources: the "source" condition of each package's exports points there. "import" is not
// among them, since Node would then hand modules to what a CommonJS package requires, and Express fails on that.
const conditions = ["source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "plugins/*/test/**/*.test.ts",
      "test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
    ],
    // `npm run test:long` sets it.
    exclude: ["**/node_modules/**", ...(process.env.SEALWRIGHT_LONG === "1" ? [] : ["**/*.long.test.ts"])],
    pool: "forks",
    // More than the two cores of the smallest machine: many tests wait for processes, sockets and deadlines.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
