// SPDX-License-Identifier: Apache-2.0
/**
 * LocalStack with its key, until it is ended by a signal; what `localstack/run.sh` runs. Takes the port, 4566 unless
 * given.
 */
import { findLocalStack, installLocalStack, startLocalStack } from "./localstack.ts";

async function run(port: number): Promise<void> {
  if (findLocalStack() === undefined) {
    console.error("Installing LocalStack (once; about half a minute) …");
    installLocalStack();
  }
  const localStack = await startLocalStack({ port });
  console.log(`LocalStack answers at ${localStack.direct} in ${localStack.region}, for any credentials.
Key: ${localStack.key.id}, ${localStack.key.alias}
Ctrl-C ends it, and nothing is kept.`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void localStack.stop());
}

try {
  await run(Number(process.argv[2] ?? 4566));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
