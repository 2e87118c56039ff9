// SPDX-License-Identifier: Apache-2.0
/**
 * Installs LocalStack into the cache unless it is there; run by the test set-up. With `--check` it installs nothing and
 * ends with 1 where it is missing. Ends with 2 where there is no Python for it.
 */
import { findLocalStack, findPython, installLocalStack } from "./localstack/installation.ts";

if (findLocalStack() === undefined) {
  if (process.argv.includes("--check")) process.exit(1);
  if (findPython() === undefined) process.exit(2);
  installLocalStack();
}
