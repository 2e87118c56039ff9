// SPDX-License-Identifier: Apache-2.0
/** Every command that pages in docs/operations show on keys and their count is run as it stands there. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { DocumentedPage } from "./walkthrough/documented.ts";
import { KeybaseStandIn } from "./walkthrough/keybase.ts";
import { Stage } from "./walkthrough/stage.ts";
import { newKeys, rows } from "./walkthrough/tables.ts";

let stage: Stage;
let page: DocumentedPage;
let keybase: KeybaseStandIn | undefined;
afterEach(async () => {
  await keybase?.stop();
  keybase = undefined;
  await stage.close();
});

/** Runs a documented command; curl fails here where the server refuses. */
function run(documented: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
  const line = page.take(documented, values).replace(/^curl /, "curl -sS --fail-with-body ");
  return stage.shell.ok(line, keybase === undefined ? {} : { SEALWRIGHT_KEYBASE_ADDR: keybase.address });
}

/** The same for an answer in JSON. */
async function json(documented: string, values?: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  return JSON.parse(await run(documented, values)) as Record<string, string>;
}

const SUBMISSION = (nonce = "", key = "") => ({ '"nonce":"…"': `"nonce":"${nonce}"`, '"key":"…"': `"key":"${key}"` });

test("what the page on rekeys shows", async () => {
  stage = await Stage.open("shamir", { shares: 1, threshold: 1 });
  page = new DocumentedPage("rekey");
  const { shell, keys } = stage;

  await run("sealwright operator rekey -init -key-shares=3 -key-threshold=2 -format=json | jq -r .nonce > nonce.txt");
  expect(rows(await run("sealwright operator rekey -status"))).toMatchObject({ "Rekey Progress": "0/1" });
  const asked = await shell.onTerminal(page.take("sealwright operator rekey -nonce=$(cat nonce.txt)"), keys[0] ?? "");
  const three = newKeys(asked.screen.replaceAll("\r", ""));
  expect(three).toHaveLength(3);

  const byHttp = await json(`curl -X PUT $VAULT_ADDR/v1/sys/rekey/init -d '{"secret_shares":3,"secret_threshold":2}'`);
  const update = `curl -X PUT $VAULT_ADDR/v1/sys/rekey/update -d '{"nonce":"…","key":"…"}'`;
  expect(await json(update, SUBMISSION(byHttp.nonce, three[0]))).toMatchObject({ progress: 1, required: 2 });
  expect(await json("curl $VAULT_ADDR/v1/sys/rekey/init")).toMatchObject({ started: true, progress: 1 });
  await run('curl -X DELETE "$VAULT_ADDR/v1/sys/rekey/init?nonce=…"', { "…": byHttp.nonce ?? "" });

  await shell.makePgpKey("alice");
  await shell.makePgpKey("bob");
  await shell.ok("gpg --export -a =alice > alice.asc");
  keybase = await KeybaseStandIn.start({ bob: await shell.ok("gpg --export -a =bob") });
  const withPgp =
    'sealwright operator rekey -init -key-shares=2 -key-threshold=2 -pgp-keys="alice.asc,keybase:bob" -backup';
  const begun = rows(await run(withPgp));
  await stage.submit("sys/rekey/update", begun.Nonce, three.slice(1));
  expect(await run("sealwright operator rekey -backup-retrieve")).toContain(begun.Nonce);
  const { body } = await stage.http("GET", "sys/rekey/backup", undefined, stage.rootToken);
  const messages = Object.values(body.keys_base64 as Record<string, readonly string[]>).flat();
  const two = [];
  for (const message of messages) two.push(await shell.decrypt(message));
  await run("sealwright operator rekey -backup-delete");

  const proof = rows(await run("sealwright operator rekey -init -verify -key-shares=3 -key-threshold=2"));
  const done = await stage.submit("sys/rekey/update", proof.Nonce, two);
  const nonce = String(done.body.verification_nonce);
  const verify = page.take("sealwright operator rekey -verify -nonce=<verification nonce>", {
    "<verification nonce>": nonce,
  });
  const [first = "", second = ""] = done.body.keys_base64 as string[];
  expect((await shell.onTerminal(verify, first)).code).toBe(0);
  expect((await shell.onTerminal(verify, second)).screen).toMatch(/verification successful/);

  const last = await stage.http("PUT", "sys/rekey/init", { secret_shares: 1, secret_threshold: 1 });
  await run("sealwright operator rekey -cancel -nonce=…", { "…": String(last.body.nonce) });
  const confirmation = await json(`curl -X PUT $VAULT_ADDR/v1/sys/seal-config/confirm/attempt -d '{"keep":"written"}'`);
  const confirm = `curl -X PUT $VAULT_ADDR/v1/sys/seal-config/confirm/update -d '{"nonce":"…","key":"…"}'`;
  await run(confirm, SUBMISSION(confirmation.nonce, first));
  expect(page.left).toEqual([]);
}, 60_000);

test("what the page on rotations shows, with the policy that stands there", async () => {
  stage = await Stage.open("static", { shares: 1, threshold: 1 });
  page = new DocumentedPage("rotate");
  const { shell } = stage;
  const text = readFileSync(new URL("../../docs/operations/rotate.md", import.meta.url), "utf8");
  await writeFile(stage.work.path("rotator.hcl"), /^```hcl\n(.*?)^```$/ms.exec(text)?.[1] ?? "");
  await run("sealwright policy write rotator rotator.hcl");
  const token = rows(await run("sealwright token create -policy=rotator -ttl=1h")).token ?? "";
  expect(rows(await run("VAULT_TOKEN=… sealwright operator rotate", { "…": token }))["Key Term"]).toBe("2");

  shell.exported = { ...shell.exported, VAULT_TOKEN: token };
  await run('curl -X PUT -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/sys/rotate');
  const status = 'curl -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/sys/key-status';
  expect(await json(status)).toMatchObject({ term: 3 });
  await run(
    'curl -X PUT -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/sys/rotate/config' +
      ` -d '{"max_operations": 2000000, "interval": "720h", "enabled": true}'`,
  );
  const config = 'curl -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/sys/rotate/config';
  expect(await json(config)).toMatchObject({
    data: { max_operations: 2_000_000, interval: "720h0m0s", enabled: true },
  });
  expect(page.left).toEqual([]);
}, 30_000);

test("what the page on root tokens shows", async () => {
  stage = await Stage.open("shamir", { shares: 1, threshold: 1 });
  page = new DocumentedPage("generate-root");
  const { shell, keys } = stage;
  const begun = rows(await run("sealwright operator generate-root -init"));
  const submit = page.take("sealwright operator generate-root -nonce=…", { "…": begun.Nonce ?? "" });
  const done = rows((await shell.onTerminal(submit, keys[0] ?? "")).screen);
  const root = await run("sealwright operator generate-root -decode=<encoded token> -otp=<password>", {
    "<encoded token>": done["Encoded Token"] ?? "",
    "<password>": begun.OTP ?? "",
  });
  expect((await stage.http("GET", "auth/token/lookup-self", undefined, root)).status).toBe(200);

  const attempt = await json("curl -X PUT $VAULT_ADDR/v1/sys/generate-root/attempt -d '{}'");
  const update = `curl -X PUT $VAULT_ADDR/v1/sys/generate-root/update -d '{"nonce":"…","key":"…"}'`;
  const made = await json(update, SUBMISSION(attempt.nonce, keys[0]));
  const decode = `curl -X PUT $VAULT_ADDR/v1/sys/decode-token -d '{"encoded_token":"…","otp":"…"}'`;
  const decoded = await run(decode, {
    '"encoded_token":"…"': `"encoded_token":"${made.encoded_token}"`,
    '"otp":"…"': `"otp":"${attempt.otp}"`,
  });
  expect(decoded).toContain('"token"');
  expect(page.left).toEqual([]);
}, 30_000);

test("what the page on the encryption count shows", async () => {
  stage = await Stage.open("static", { shares: 1, threshold: 1 });
  page = new DocumentedPage("encryption-count");
  expect(await run("sealwright read sys/rotate/config")).toMatch(/max_operations +3865470566/);
  await run("sealwright write sys/rotate/config max_operations=2000000000 interval=2160h");
  await run("sealwright write sys/rotate/config enabled=false");
  const { body } = await stage.http("GET", "sys/rotate/config", undefined, stage.rootToken);
  expect(body.data).toEqual({ enabled: false, interval: "2160h0m0s", max_operations: 2_000_000_000 });
  const metrics =
    'curl -H "X-Vault-Token: $VAULT_TOKEN" "$VAULT_ADDR/v1/sys/metrics?format=prometheus"' +
    " | grep encryption_count_persist";
  expect(await run(metrics)).toMatch(/^sealwright_encryption_count_persist_seconds_bucket\{le="8"\} 0$/m);
  const [name = "", value = ""] = page.take("VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT=8s").split("=");
  await stage.server.stop();
  await stage.work.serve(["-config=server.hcl"], { [name]: value });
  expect(page.left).toEqual([]);
}, 30_000);

test("what the page on seal wrap shows", async () => {
  stage = await Stage.open("static", { shares: 1, threshold: 1 });
  page = new DocumentedPage("seal-wrap");
  await run("sealwright write -f sys/sealwrap/rewrap");
  await stage.server.command.until(/rewrapped the entries/);
  expect(await run("sealwright read sys/sealwrap/rewrap")).toMatch(/is_running +false/);
  await stage.server.stop();
  expect(await run("sealwright storage unwrap -config=server.hcl")).toMatch(/core\/keyring/);
  expect(page.left).toEqual([]);
}, 30_000);
