#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# LocalStack with the key, without Docker: localstack/run.sh [PORT]. Needs Node 20 and Python 3.13, or newer.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x node_modules/node/bin/node ]; then
  node -e 'import("./scripts/prepare.mjs").then(({ installDependencies }) => installDependencies())'
fi
exec node_modules/node/bin/node --conditions=source packages/testing/src/run-localstack.ts "$@"
