// SPDX-License-Identifier: Apache-2.0
/** AWS KMS for tests: LocalStack, with a key in it, behind a proxy that fails on command. */
import { type Fault, startFaultProxy } from "./fault-proxy.ts";
import { type AskKms, type KmsKey, type KmsKeySeed, kmsAsker, replaceKey, seedKey } from "./localstack/kms-admin.ts";
import { startLocalStackProcess } from "./localstack/process.ts";

export { findLocalStack, installLocalStack, LOCALSTACK_PACKAGES } from "./localstack/installation.ts";
export type { AskKms, Json, KmsKey, KmsKeySeed } from "./localstack/kms-admin.ts";

/** The key that is made unless another is asked for: a throwaway, the same on every start. */
export const LOCALSTACK_KEY: KmsKeySeed = {
  id: "5ea15ea1-0000-4000-8000-000000000001",
  alias: "alias/sealwright",
  material: Buffer.from("00112233445566778899aabbccddeeff".repeat(2), "hex"),
};

/** What {@link startLocalStack} makes. */
export interface LocalStackOptions {
  /** `us-east-1` if left out. */
  readonly region?: string;
  /** {@link LOCALSTACK_KEY} if left out. */
  readonly key?: KmsKeySeed;
  /** LocalStack's own port, without the faults; a free one if left out. */
  readonly port?: number;
}

/** A LocalStack that runs. */
export interface LocalStack {
  /** Where clients reach it, through the faults. */
  readonly endpoint: string;
  /** Where it is without the faults. */
  readonly direct: string;
  readonly region: string;
  readonly key: KmsKey;
  /** The variables with which AWS's own tools find it. */
  readonly env: Readonly<Record<string, string>>;
  /** The KMS operations that clients asked for at `endpoint` so far, such as `Decrypt`. */
  readonly calls: readonly string[];
  /** Does what an administrator does, past the faults. */
  readonly ask: AskKms;
  /** From now on, for every request or for those of one operation, until {@link heal}. */
  fault(fault: Fault, operation?: string): void;
  /** Refuses connections, as a service that is down. */
  offline(): Promise<void>;
  /** Ends {@link offline}. */
  online(): Promise<void>;
  /** Every answer comes so much later. */
  slow(milliseconds: number): void;
  /**
   * Denies one operation, or all, as IAM does. LocalStack enforces no policies, so the proxy answers, with the error
   * that KMS documents.
   */
  deny(operation?: string): void;
  /** Asks for fewer requests, with the error that KMS documents. From the proxy too. */
  throttle(): void;
  /** Ends {@link fault}, {@link slow}, {@link deny} and {@link throttle}. */
  heal(): void;
  disableKey(): Promise<void>;
  enableKey(): Promise<void>;
  /** Points the alias at a fresh key, whose ARN it answers. The first key stays. */
  rotateKey(): Promise<string>;
  /** Ends LocalStack and the proxy. */
  stop(): Promise<void>;
}

function awsError(name: string, message: string): Fault {
  const headers = { "Content-Type": "application/x-amz-json-1.1" };
  return { kind: "status", status: 400, headers, body: JSON.stringify({ __type: name, message }) };
}

const DENIED = awsError("AccessDeniedException", "User is not authorized to perform this action on this resource");
const THROTTLED = awsError("ThrottlingException", "You have exceeded the rate at which you may call KMS");

/** Starts LocalStack, about a second, and makes its key. Rejects where it is not installed; see `partMissing`. */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const { region = "us-east-1", key: seed = LOCALSTACK_KEY, port = 0 } = options;
  const service = await startLocalStackProcess(port);
  const direct = `http://127.0.0.1:${service.port}`;
  const proxy = await startFaultProxy(service);
  const stop = async (): Promise<void> => {
    await proxy.stop();
    await service.stop();
  };
  const ask = kmsAsker(direct, region);
  const key = await seedKey(ask, seed).catch(async (error: unknown) => {
    await stop();
    throw error;
  });

  const calls: string[] = [];
  const fault: LocalStack["fault"] = (next, only) =>
    proxy.set((piece) => {
      const operation = /^X-Amz-Target: TrentService\.(\w+)/im.exec(piece.toString("latin1"))?.[1];
      if (operation !== undefined) calls.push(operation);
      return only === undefined || only === operation ? next : { kind: "none" };
    });
  const heal = (): void => fault({ kind: "none" });
  heal();

  return {
    endpoint: `http://${proxy.address}`,
    direct,
    region,
    key,
    env: {
      AWS_ENDPOINT_URL: `http://${proxy.address}`,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
    calls,
    ask,
    fault,
    offline: () => proxy.offline(),
    online: () => proxy.online(),
    slow: (milliseconds) => fault({ kind: "delay", milliseconds }),
    deny: (operation) => fault(DENIED, operation),
    throttle: () => fault(THROTTLED),
    heal,
    disableKey: async () => void (await ask("DisableKey", { KeyId: key.id })),
    enableKey: async () => void (await ask("EnableKey", { KeyId: key.id })),
    rotateKey: () => replaceKey(ask, key.alias),
    stop,
  };
}
