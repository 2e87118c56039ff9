// SPDX-License-Identifier: Apache-2.0
/** LocalStack with its key, until it is ended by a signal; what `localstack/run.sh` runs. Takes the port, 4566 unless given. */
import { findLocalStack, installLocalStack, LOCALSTACK_KEY, startLocalStack } from "./localstack.ts";

const port = Number(process.argv[2] ?? 4566);
if (findLocalStack() === undefined) {
  console.error("Installing LocalStack (once; about half a minute) …");
  installLocalStack();
}
const localStack = await startLocalStack({ port });
console.log(`LocalStack answers at ${localStack.direct} in ${localStack.region}, for any credentials.
Key: ${LOCALSTACK_KEY.id}, ${LOCALSTACK_KEY.alias}
Ctrl-C ends it, and nothing is kept.`);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => void localStack.stop());
}
