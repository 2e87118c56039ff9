// SPDX-License-Identifier: Apache-2.0
/**
 * An HTTP server that poses as KMS, as STS and as an instance's metadata service: for answers that LocalStack never
 * gives, and to see with whose credentials and for which region requests were signed.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** `Encrypt`, `AssumeRole` and so on; empty for the metadata service. */
  readonly operation: string;
  /** The id of the access key that signed it. */
  readonly accessKey: string | undefined;
  /** The region that it was signed for. */
  readonly region: string | undefined;
  readonly sessionToken: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StubAws {
  readonly address: string;
  readonly received: Received[];
  reply: (request: Received) => Reply;
  stop(): Promise<void>;
}

const ARN = "arn:aws:kms:eu-central-1:111122223333:key/5ea15ea1-0000-4000-8000-000000000001";

/** KMS's answer to an `Encrypt`. */
export const ENCRYPTED: Reply = { status: 200, body: { KeyId: ARN, CiphertextBlob: "AAAA" } };

/** A refusal as KMS words it. */
export function refusal(name: string, message = "Secret detail.", status = 400): Reply {
  return { status, body: { __type: name, message } };
}

/** STS's answer to `action`: credentials for an hour, of the access key called `accessKey`. */
export function assumed(action: string, accessKey: string): Reply {
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  const fields = `<AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>token of ${accessKey}</SessionToken><Expiration>${expiration}</Expiration>`;
  const result = `<${action}Result><Credentials>${fields}</Credentials></${action}Result>`;
  const body = `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</${action}Response>`;
  return { status: 200, headers: { "Content-Type": "text/xml" }, body };
}

function receivedOf(request: IncomingMessage, body: string): Received {
  const { authorization = "", "x-amz-target": target, "x-amz-security-token": token } = request.headers;
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(authorization);
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    body,
    operation: String(target ?? "").replace(/^.*\./, "") || (/Action=(\w+)/.exec(body)?.[1] ?? ""),
    accessKey: scope?.[1],
    region: scope?.[2],
    sessionToken: token === undefined ? undefined : String(token),
  };
}

/** Starts it, on a free port of the loopback. It answers every `Encrypt` until told otherwise. */
export async function startStubAws(): Promise<StubAws> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const received = receivedOf(request, Buffer.concat(chunks).toString());
    stub.received.push(received);
    const { status, body = "", headers } = stub.reply(received);
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stub: StubAws = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    reply: () => ENCRYPTED,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return stub;
}
