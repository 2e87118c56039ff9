// SPDX-License-Identifier: Apache-2.0
/**
 * What the server must have answered for a recorded command to print what it printed: read back from the recorded
 * output. The replay then shows that our command asks the same endpoints and prints the same text.
 */
import type { Replies, Reply } from "./stub-server.ts";
import type { Transcript } from "./transcripts.ts";

type Body = Record<string, unknown>;

/** Sentences for an answer without a body. */
const WITHOUT_ANSWER = /^Success! (Data|Canceled|Deleted|Enabled|Revoked|Root token|Uploaded|Vault)/;

const ok = (body: Body): Reply => ({ status: 200, body });

/** The replies for a transcript. */
export function repliesFor(transcript: Transcript): Replies {
  const refusal = refusalIn(transcript.stderr);
  const usual = { ...background(transcript), "GET sys/leader": ok({ ha_enabled: false }) };
  if (transcript.stderr.startsWith("No value found"))
    return { ...usual, "GET kv1/a": { status: 404, body: { errors: [] } } };
  if (refusal !== undefined) return { ...usual, ...refusal };
  const route = routeOf(transcript);
  if (route === undefined) return usual;
  return {
    ...usual,
    [route]:
      transcript.stdout === "" || WITHOUT_ANSWER.test(transcript.stdout) ? { status: 204 } : ok(answerIn(transcript)),
  };
}

/** `URL: PUT http://$ADDR/v1/sys/init`, `Code: 400. Errors:` and `* …` as a reply to that route. */
function refusalIn(stderr: string): Replies | undefined {
  const found = /^URL: (\w+) \S+?\/v1\/(\S+)\nCode: (\d+)\. Errors:\n\n\* ([\s\S]*)\n$/m.exec(stderr);
  if (found === null) return undefined;
  return { [`${found[1]} ${found[2]}`]: { status: Number(found[3]), body: { errors: [found[4]] } } };
}

/** What a ceremony asks before it does something. */
function background({ section, command, stdout, stderr }: Transcript): Replies {
  const autoSeal = section.startsWith("4") || section.startsWith("5");
  const nonce = /-nonce=(\S+)/.exec(command)?.[1] ?? "4dbdc0ae-83b6-bc79-0d11-5b85558bf0f6";
  const numbers =
    /split into (\d+) key shares and a key\s+threshold of\s+(\d+)|to (\d+) key shares and a key threshold of (\d+)/.exec(
      stdout.replace(/\s+/g, " "),
    );
  const running = ok({
    started: !stderr.startsWith("No "),
    nonce,
    n: Number(numbers?.[1] ?? numbers?.[3] ?? 3),
    t: Number(numbers?.[2] ?? numbers?.[4] ?? 2),
    required: 3,
  });
  const replies: Record<string, Reply> = {
    "GET sys/seal-status": ok({ recovery_seal: autoSeal, sealed: false }),
    "GET sys/internal/ui/mounts/secret": ok({ data: { path: "secret/", options: { version: "2" } } }),
    "GET sys/internal/ui/mounts/kv1": ok({ data: { path: "kv1/", options: null } }),
    "GET sys/generate-root/attempt": ok({ started: !stderr.startsWith("No "), nonce, otp_length: 26 }),
  };
  const own = ceremonyPath(command);
  for (const path of ["rekey", "rekey-recovery-key", "rotate/root", "rotate/recovery"]) {
    replies[`GET sys/${path}/init`] = `sys/${path}` === own ? running : ok({ started: false });
    replies[`GET sys/${path}/verify`] = ok({ started: true, nonce, ...fields(stdout, VERIFICATION) });
  }
  return replies;
}

/** The request whose answer a command prints. */
function routeOf({ command }: Transcript): string | undefined {
  const base = /operator (rekey|rotate-keys)/.exec(command)?.[1];
  if (base !== undefined) return rekeyRoute(base, command);
  const routes: readonly (readonly [RegExp, string])[] = [
    [/^status/, "GET sys/seal-status"],
    [/^operator unseal .*\S/, "PUT sys/unseal"],
    [/^operator init -status/, "GET sys/init"],
    [/^operator init/, "PUT sys/init"],
    [/^login/, "GET auth/token/lookup-self"],
    [/^token lookup$/, "GET auth/token/lookup-self"],
    [/^token create/, "POST auth/token/create"],
    [/^token revoke s/, "PUT auth/token/revoke"],
    [/^policy write/, "PUT sys/policies/acl/p1"],
    [/^policy list/, "GET sys/policies/acl?list=true"],
    [/^policy read/, "GET sys/policies/acl/p1"],
    [/^secrets enable -path=secret /, "POST sys/mounts/secret"],
    [/^secrets enable -path=kv1 /, "POST sys/mounts/kv1"],
    [/^secrets list/, "GET sys/mounts"],
    [/^kv put -mount=secret /, "PUT secret/data/app/db"],
    [/^kv get .*-mount=secret /, "GET secret/data/app/db"],
    [/^kv list /, "GET secret/metadata/app?list=true"],
    [/^kv put -mount=kv1 /, "PUT kv1/a"],
    [/^kv get .*-mount=kv1 /, "GET kv1/a"],
    [/^kv delete /, "DELETE kv1/a"],
    [/^read/, "GET sys/rotate/config"],
    [/^write/, "PUT sys/rotate/config"],
    [/^operator seal/, "PUT sys/seal"],
    [/^operator key-status/, "GET sys/key-status"],
    [/^operator generate-root (-status|-generate-otp)/, "GET sys/generate-root/attempt"],
    [/^operator generate-root -init/, "PUT sys/generate-root/attempt"],
    [/^operator generate-root -cancel/, "DELETE sys/generate-root/attempt"],
    [/^operator generate-root -nonce/, "PUT sys/generate-root/update"],
  ];
  return routes.find(([pattern]) => pattern.test(command))?.[1];
}

const isRecovery = (command: string): boolean => command.includes("-target=recovery");

/** The endpoints that a rekey command is about. */
function ceremonyPath(command: string): string {
  if (command.startsWith("operator rotate-keys")) return `sys/rotate/${isRecovery(command) ? "recovery" : "root"}`;
  return `sys/rekey${isRecovery(command) ? "-recovery-key" : ""}`;
}

function rekeyRoute(base: string, command: string): string {
  const recovery = isRecovery(command);
  const path = ceremonyPath(command);
  const backup = base === "rekey" && recovery ? "sys/rekey/recovery-key-backup" : `${path}/backup`;
  const area = command.includes("-verify") && !command.includes("-init") ? "verify" : "init";
  if (command.includes("-backup-retrieve")) return `GET ${backup}`;
  if (command.includes("-backup-delete")) return `DELETE ${backup}`;
  if (command.includes("-status")) return `GET ${path}/${area}`;
  if (command.includes("-cancel")) return `DELETE ${path}/${area}`;
  if (command.includes("-init")) return `${base === "rekey" ? "PUT" : "POST"} ${path}/init`;
  return `PUT ${path}/${area === "verify" ? "verify" : "update"}`;
}

const SEAL = {
  "Seal Type": "type",
  "Recovery Seal Type": "recovery_seal_type",
  Initialized: "initialized",
  Sealed: "sealed",
  "Total Shares": "n",
  "Total Recovery Shares": "n",
  Threshold: "t",
  "Unseal Progress": "progress",
  "Unseal Nonce": "nonce",
  Version: "version",
  "Commit Date": "commit_date",
  "Storage Type": "storage_type",
  "Cluster Name": "cluster_name",
  "Cluster ID": "cluster_id",
};
const CEREMONY = {
  Nonce: "nonce",
  Started: "started",
  Progress: "progress",
  "New Shares": "n",
  "New Threshold": "t",
  "Verification Required": "verification_required",
  "PGP Fingerprints": "pgp_fingerprints",
  Backup: "backup",
  Complete: "complete",
  OTP: "otp",
  "OTP Length": "otp_length",
  "PGP Fingerprint": "pgp_fingerprint",
  "Encoded Token": "encoded_token",
};
const VERIFICATION = {
  Started: "started",
  "New Shares": "n",
  "New Threshold": "t",
  "Verification Nonce": "nonce",
  "Verification Progress": "progress",
};
const KEY_STATUS = { "Key Term": "term", "Install Time": "install_time", "Encryption Count": "encryptions" };

function answerIn({ command, stdout }: Transcript): Body {
  const data = dataIn(command);
  if (data !== undefined && !stdout.startsWith("{")) return data;
  if (command.startsWith("read sys")) return { data: { enabled: true, interval: 0, max_operations: 3865470566 } };
  if (stdout.startsWith("{") && !command.startsWith("operator init")) return JSON.parse(stdout) as Body;
  if (command === "status -format=yaml") return yamlAnswer(stdout);
  if (command.startsWith("operator init -status")) return { initialized: !stdout.includes("not") };
  if (command.startsWith("operator init")) return initAnswer(stdout);
  if (stdout.includes("keys_base64 ")) return { data: backupAnswer(stdout) };
  if (/^Key 1/m.test(stdout)) return completedAnswer(stdout);
  if (/verification successful|rotated using recovery keys/.test(stdout)) return { complete: true };
  if (/^Verification Nonce/m.test(stdout)) return fields(stdout, VERIFICATION);
  if (/^Seal Type/m.test(stdout)) return { ...fields(stdout, SEAL), recovery_seal: stdout.includes("Recovery") };
  if (/^Key Term/m.test(stdout)) return fields(stdout, KEY_STATUS);
  return fields(stdout, CEREMONY);
}

const METADATA = {
  created_time: "2026-11-21T01:33:55.034206265Z",
  custom_metadata: null,
  deletion_time: "",
  destroyed: false,
  version: 1,
};
const ROOT = {
  accessor: "wDlp2kKi7lGlLh0Qg8vPhuC4",
  creation_time: 1795224832,
  creation_ttl: 0,
  display_name: "root",
  entity_id: "",
  expire_time: null,
  explicit_max_ttl: 0,
  id: "s.xegFKcsDUApzcgwXqRzfd5PN",
  meta: null,
  num_uses: 0,
  orphan: true,
  path: "auth/token/root",
  policies: ["root"],
  ttl: 0,
  type: "service",
};
const CREATED = {
  client_token: "s.jh4otMfd89Zz8tjE7O58EqTd",
  accessor: "wVw7xFO4tQArhRtuOQGOjfv1",
  lease_duration: 2764800,
  renewable: true,
  policies: ["default", "p1"],
  token_policies: ["default", "p1"],
};
const MOUNTS = {
  "sys/": ["system", "system_7db259e4", "system endpoints used for control, policy and debugging"],
  "secret/": ["kv", "kv_23261ed8", ""],
  "kv1/": ["kv", "kv_c2658b92", ""],
  "identity/": ["identity", "identity_0e00e53a", "identity store"],
  "cubbyhole/": ["cubbyhole", "cubbyhole_927b2b98", "per-token private secret storage"],
};

/** The answers whose fields are not all in what is printed. */
function dataIn(command: string): Body | undefined {
  if (/^(login|token lookup)/.test(command)) return { data: ROOT };
  if (command.startsWith("token create")) return { auth: CREATED };
  if (command.startsWith("policy list")) return { data: { keys: ["default", "p1", "root"] } };
  if (command.startsWith("policy read")) return { data: { policy: 'path "secret/*" { capabilities = ["read"] }\n' } };
  if (command.startsWith("secrets list")) {
    const mounts = Object.entries(MOUNTS).map(([path, [type, accessor, description]]) => [
      path,
      { type, accessor, description },
    ]);
    return { data: Object.fromEntries(mounts) };
  }
  if (command.startsWith("kv put -mount=secret")) return { data: METADATA };
  if (command.startsWith("kv get -mount=secret"))
    return { data: { data: { user: "u", pass: "p" }, metadata: METADATA } };
  if (command.startsWith("kv list")) return { data: { keys: ["db"] } };
  if (/^kv get.* -mount=kv1/.test(command)) return { data: { b: "c" } };
  return undefined;
}

function fields(stdout: string, names: Readonly<Record<string, string>>): Body {
  const body: Body = {};
  for (const line of stdout.split("\n")) {
    const [title = "", value = ""] = line.split(/ {4,}/);
    const name = names[title];
    if (name !== undefined) Object.assign(body, readValue(name, value));
  }
  return body;
}

function readValue(name: string, value: string): Body {
  if (name === "progress") {
    const [progress, required] = value.split("/").map(Number);
    return { progress, required };
  }
  if (name === "pgp_fingerprints") return { [name]: value.slice(1, -1).split(" ") };
  if (name === "install_time") return { [name]: `2026-11-21T${/\d\d:\d\d/.exec(value)![0]}:52.17299688Z` };
  if (value === "n/a") return { [name]: "" };
  if (value === "true" || value === "false") return { [name]: value === "true" };
  return { [name]: /^\d+$/.test(value) ? Number(value) : value };
}

function initAnswer(stdout: string): Body {
  if (stdout.startsWith("{")) {
    const shown = JSON.parse(stdout) as Body;
    return {
      keys: shown.unseal_keys_hex,
      keys_base64: shown.unseal_keys_b64,
      recovery_keys: shown.recovery_keys_hex ?? undefined,
      recovery_keys_base64: shown.recovery_keys_b64 ?? undefined,
      root_token: shown.root_token,
    };
  }
  const all = (pattern: RegExp) => [...stdout.matchAll(pattern)].map((match) => match[1]!);
  return {
    keys_base64: all(/^Unseal Key \d+: (.*)$/gm),
    recovery_keys_base64: all(/^Recovery Key \d+: (.*)$/gm),
    root_token: all(/^Initial Root Token: (.*)$/gm)[0],
  };
}

function completedAnswer(stdout: string): Body {
  const lines = [...stdout.matchAll(/^Key \d+(?: fingerprint: (\w+); value)?: (.*)$/gm)];
  return {
    complete: true,
    nonce: /^Operation nonce: (.*)$/m.exec(stdout)?.[1],
    keys_base64: lines.map((line) => line[2]),
    pgp_fingerprints: lines[0]?.[1] === undefined ? null : lines.map((line) => line[1]),
    backup: stdout.includes("backed up to"),
    verification_required: stdout.includes("until after verification"),
  };
}

function backupAnswer(stdout: string): Body {
  const data: Body = {};
  for (const [, name, value] of stdout.matchAll(/^(\w+) +(map\[.*\]|[0-9a-f-]{36})$/gm)) {
    data[name!] = value!.startsWith("map[")
      ? Object.fromEntries([...value!.matchAll(/(\w{40}):\[(\S+?)\]/g)].map((match) => [match[1], [match[2]]]))
      : value;
  }
  return data;
}

function yamlAnswer(stdout: string): Body {
  const pairs = [...stdout.matchAll(/^"?(\w+)"?: "?([^"\n]*)"?$/gm)].map(([, key, value]) => readValue(key!, value!));
  return { ...Object.assign({}, ...pairs), progress: 0 };
}
