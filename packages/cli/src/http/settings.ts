// SPDX-License-Identifier: Apache-2.0
import { ServerError, UsageError } from "../errors.ts";
import { type FlagSet, type FlagValues, text, texts, toggle } from "../flags/flag.ts";
import { productName } from "../product.ts";
import { type Environment, type Setting, switchVariable, variable } from "./environment.ts";

/** The flags of every command that talks to the server. */
export const apiFlags = {
  address: text({
    name: "address",
    usage:
      "Address of the server, for example https://vault.example.com:8200. Default: BAO_ADDR, VAULT_ADDR, then " +
      "http://127.0.0.1:8200 (plain http, unlike Vault's command line).",
  }),
  caCert: text({ name: "ca-cert", usage: "PEM file of the certificate authority to trust. Also: VAULT_CACERT." }),
  caPath: text({ name: "ca-path", usage: "Folder of PEM files of authorities to trust. Also: VAULT_CAPATH." }),
  clientCert: text({ name: "client-cert", usage: "PEM file of this client's certificate. Also: VAULT_CLIENT_CERT." }),
  clientKey: text({ name: "client-key", usage: "PEM file of this client's private key. Also: VAULT_CLIENT_KEY." }),
  tlsServerName: text({
    name: "tls-server-name",
    usage: "Name that the server's certificate must carry. Also: VAULT_TLS_SERVER_NAME.",
  }),
  tlsSkipVerify: toggle({
    name: "tls-skip-verify",
    usage: "Do not check the server's certificate: anybody on the way can read the token. Also: VAULT_SKIP_VERIFY.",
  }),
  header: texts({
    name: "header",
    placeholder: "key=value",
    usage: "An HTTP header to send along; may be given several times.",
  }),
  namespace: text({ name: "namespace", aliases: ["ns"], usage: "Refused: this server has no namespaces." }),
  nonInteractive: toggle({ name: "non-interactive", usage: "Never ask at the terminal; fail instead." }),
  outputCurlString: toggle({
    name: "output-curl-string",
    usage: "Print the equivalent curl command instead of sending the request. It shows what would be sent, keys too.",
  }),
} satisfies FlagSet;

/** The values of the flags that every command which talks to the server has. */
export type ApiFlagValues = FlagValues<typeof apiFlags>;

/** Where the server is and how to talk to it. */
export interface ServerSettings {
  readonly address: URL;
  /** What set the address, to be named when nobody answers there. */
  readonly addressSource: string;
  /** Milliseconds until a request is given up. */
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
}

/** File names and switches; the files are read when the address is https. */
export interface TlsSettings {
  readonly caCert: string | undefined;
  readonly caPath: string | undefined;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
}

const DEFAULT_ADDRESS = "http://127.0.0.1:8200";
const DEFAULT_TIMEOUT_SECONDS = 60;

/** Reads flags, then `BAO_…`, then `VAULT_…` variables. Throws `UsageError`. */
export function serverSettings(flags: ApiFlagValues, env: Environment): ServerSettings {
  refuseNamespace(flags.namespace, env);
  const setting = chosen(flags.address, "-address", env, "ADDR") ?? { value: DEFAULT_ADDRESS, source: "the default" };
  return {
    address: parseAddress(setting),
    addressSource: setting.source,
    timeout: timeoutSeconds(env) * 1000,
    headers: Object.fromEntries(flags.header.map(parseHeader)),
    tls: {
      caCert: flags.caCert ?? variable(env, "CACERT")?.value,
      caPath: flags.caPath ?? variable(env, "CAPATH")?.value,
      clientCert: flags.clientCert ?? variable(env, "CLIENT_CERT")?.value,
      clientKey: flags.clientKey ?? variable(env, "CLIENT_KEY")?.value,
      serverName: flags.tlsServerName ?? variable(env, "TLS_SERVER_NAME")?.value,
      skipVerify: flags.tlsSkipVerify || switchVariable(env, "SKIP_VERIFY"),
    },
  };
}

function chosen(flag: string | undefined, flagName: string, env: Environment, name: string): Setting | undefined {
  return flag === undefined ? variable(env, name) : { value: flag, source: flagName };
}

function refuseNamespace(flag: string | undefined, env: Environment): void {
  const setting = chosen(flag, "-namespace", env, "NAMESPACE");
  if (setting === undefined || setting.value === "" || setting.value === "root") return;
  throw new UsageError(
    `${productName} has no namespaces, and ${setting.source} asks for ${JSON.stringify(setting.value)}. ` +
      `Leave ${setting.source} out and write the full path instead.`,
  );
}

function parseAddress({ value, source }: Setting): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(
      `The server address ${JSON.stringify(value)} (${source}) is not one: expected http://host:port or https://host:port.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(`The server address from ${source} must not carry a user name or password.`);
  }
  return url;
}

function parseHeader(pair: string): [string, string] {
  const equals = pair.indexOf("=");
  if (equals <= 0) throw new UsageError(`invalid value ${JSON.stringify(pair)} for flag -header: expected key=value`);
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}

function timeoutSeconds(env: Environment): number {
  const setting = variable(env, "CLIENT_TIMEOUT");
  if (setting === undefined) return DEFAULT_TIMEOUT_SECONDS;
  const match = /^(\d+)(s|m)?$/.exec(setting.value);
  if (match === null || Number(match[1]) === 0) {
    throw new UsageError(
      `${setting.source} is ${JSON.stringify(setting.value)}: expected seconds, such as 60, 60s or 2m.`,
    );
  }
  return Number(match[1]) * (match[2] === "m" ? 60 : 1);
}

/** Nobody answers at the address, or not in a way that can be understood: exit code 2. */
export class UnreachableError extends ServerError {
  constructor(settings: ServerSettings, reason: string, options?: ErrorOptions) {
    const { origin } = settings.address;
    const advice =
      settings.addressSource === "the default"
        ? "That is the default: set VAULT_ADDR, or -address, to where the server is."
        : `The address comes from ${settings.addressSource}.`;
    super(`cannot reach the server at ${origin}: ${reason}. ${advice}`, options);
    this.name = "UnreachableError";
  }
}
