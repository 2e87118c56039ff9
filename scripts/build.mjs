// SPDX-License-Identifier: Apache-2.0
// Type-checks and emits every package, then bundles what is started often: the command with the server behind a lazy
// import, the child process that runs native plugins, and each plugin that may run in it.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const out = join(root, "packages/cli/dist-bundle");

const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
// npm goes on without an optional package that does not compile. Its types are then missing as well, and tsc, which emits
// all the same, would only say so.
const typed = existsSync(join(root, "node_modules/pkcs11js"));
if (!typed) {
  console.error(
    "pkcs11js was not compiled when it was installed. Everything but the pkcs11 seal works, and types are not checked. " +
      "For that seal install Python, make and a C++ compiler, and run: npm ci",
  );
}
const stdio = typed ? "inherit" : "ignore";
const checked = spawnSync(process.execPath, [tsc, "-b", "tsconfig.packages.json"], { cwd: root, stdio });
if (typed && checked.status !== 0) process.exit(checked.status ?? 1);

// An ES import of node:http reads every export of it, and one of them loads Node's whole fetch: 20 ms of each start.
const HTTP_EXPORTS = ["Agent", "Server", "createServer", "request"];
const plainHttp = {
  name: "plain-http",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:https?$/ }, ({ path, kind }) =>
      kind === "require-call" ? { path, external: true } : { path, namespace: "plain-http" },
    );
    onLoad({ filter: /.*/, namespace: "plain-http" }, ({ path }) => ({
      contents: `const http = process.getBuiltinModule("${path}");
export default http;
export const { ${HTTP_EXPORTS.join(", ")} } = http;`,
    }));
  },
};

// Express brings readers of bodies and a table of file types. The server reads its bodies itself and serves no files:
// left in, they would be more than half of what a start loads.
const UNUSED = {
  "body-parser": "module.exports = { json() {}, raw() {}, text() {}, urlencoded() {} };",
  "mime-db": "module.exports = {};",
};
const withoutUnused = {
  name: "without-unused",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(body-parser|mime-db)$/ }, ({ path }) => ({ path, namespace: "unused" }));
    onLoad({ filter: /.*/, namespace: "unused" }, ({ path }) => ({ contents: UNUSED[path] }));
  },
};

rmSync(out, { recursive: true, force: true });
// What `plugin new` writes, without what commands leave there.
cpSync(join(root, "examples/seal-plugin"), join(out, "plugin-template"), {
  recursive: true,
  filter: (path) => !/[/\\](?:node_modules|dist)$/.test(path),
});
const { metafile } = await build({
  absWorkingDir: root,
  metafile: true,
  entryPoints: {
    sealwright: "packages/cli/src/main.ts",
    "seal-child": "packages/isolation/src/child.ts",
    "plugin-pkcs11": "plugins/pkcs11/src/index.ts",
    "plugin-static": "plugins/static/src/index.ts",
  },
  outdir: out,
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunk-[hash]",
  bundle: true,
  splitting: true,
  platform: "node",
  target: "node22.12",
  format: "esm",
  conditions: ["source"],
  plugins: [plainHttp, withoutUnused],
  // Native code stays in node_modules, and so does Google's library, which reads files beside its own.
  external: ["lmdb", "pkcs11js", "@google-cloud/kms", "google-gax"],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // CommonJS packages inside an ES module bundle still call require() for Node's own modules.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
});

// Which sources went into which file: a test sees by it what a configuration loads.
const cache = join(root, "node_modules/.cache/sealwright");
mkdirSync(cache, { recursive: true });
writeFileSync(join(cache, "bundle.json"), JSON.stringify(metafile));
