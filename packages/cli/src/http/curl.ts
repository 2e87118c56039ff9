// SPDX-License-Identifier: Apache-2.0
import { commandName } from "../product.ts";
import type { ServerSettings } from "./settings.ts";
import type { Outgoing } from "./transport.ts";

/** Thrown in place of sending when `-output-curl-string` is given: the command line ends with this text. */
export class CurlString extends Error {
  readonly command: string;

  constructor(command: string) {
    super("the request was printed, not sent");
    this.name = "CurlString";
    this.command = command;
  }
}

/** The request as a curl command. The token is fetched when the command runs, so it is not printed. */
export function curlCommand(settings: ServerSettings, outgoing: Outgoing): string {
  const { tls } = settings;
  const words = ["curl"];
  if (outgoing.method !== "GET") words.push("-X", outgoing.method);
  if (settings.address.protocol === "https:") {
    if (tls.skipVerify) words.push("--insecure");
    if (tls.caCert !== undefined) words.push("--cacert", quoted(tls.caCert));
    if (tls.caPath !== undefined) words.push("--capath", quoted(tls.caPath));
    if (tls.clientCert !== undefined) words.push("--cert", quoted(tls.clientCert));
    if (tls.clientKey !== undefined) words.push("--key", quoted(tls.clientKey));
  }
  for (const [name, value] of Object.entries(outgoing.headers)) {
    if (name === "Content-Type" && value === "application/json") continue;
    words.push(
      "-H",
      name === "X-Vault-Token" ? `"${name}: $(${commandName} print token)"` : quoted(`${name}: ${value}`),
    );
  }
  if (outgoing.body !== undefined) words.push("-d", quoted(outgoing.body));
  words.push(quoted(settings.address.origin + outgoing.path));
  return words.join(" ");
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
