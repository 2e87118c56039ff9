// SPDX-License-Identifier: Apache-2.0
/**
 * The services as Google defines them: Cloud KMS from the descriptors inside `@google-cloud/kms`; of IAM and google.rpc,
 * which those leave out, the few messages that are needed (github.com/googleapis/googleapis: google/iam/v1/
 * iam_policy.proto, google/rpc/status.proto and error_details.proto).
 */
import { createRequire } from "node:module";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { type AnyDefinition, fromJSON, type MessageTypeDefinition } from "@grpc/proto-loader";

type Descriptor = Parameters<typeof fromJSON>[0];

const text = (id: number) => ({ type: "string", id });

const IAM = {
  nested: {
    IAMPolicy: {
      methods: {
        TestIamPermissions: { requestType: "TestIamPermissionsRequest", responseType: "TestIamPermissionsResponse" },
      },
    },
    TestIamPermissionsRequest: { fields: { resource: text(1), permissions: { ...text(2), rule: "repeated" } } },
    TestIamPermissionsResponse: { fields: { permissions: { ...text(1), rule: "repeated" } } },
  },
};

const RPC = {
  nested: {
    Status: {
      fields: {
        code: { type: "int32", id: 1 },
        message: text(2),
        details: { type: "google.protobuf.Any", id: 3, rule: "repeated" },
      },
    },
    ErrorInfo: { fields: { reason: text(1), domain: text(2), metadata: { ...text(3), keyType: "string" } } },
  },
};

const PROTOBUF = {
  nested: { Any: { fields: { typeUrl: text(1), value: { type: "bytes", id: 2 } } } },
};

const COMPANIONS = {
  nested: { google: { nested: { iam: { nested: { v1: IAM } }, rpc: RPC, protobuf: PROTOBUF } } },
};

const OPTIONS = { enums: String, longs: String, defaults: true, oneofs: true };

const cloudKms = fromJSON(
  createRequire(import.meta.url)("@google-cloud/kms/build/protos/protos.json") as Descriptor,
  OPTIONS,
);
const companions = fromJSON(COMPANIONS as Descriptor, OPTIONS);

function isMessage(definition: AnyDefinition | undefined): definition is MessageTypeDefinition<object, object> {
  return definition !== undefined && "serialize" in definition;
}

function message(name: string): MessageTypeDefinition<object, object> {
  const definition = companions[name];
  if (!isMessage(definition)) throw new Error(`there is no message ${name}`);
  return definition;
}

/** `google.cloud.kms.v1.KeyManagementService`. */
export const keyManagementService = cloudKms["google.cloud.kms.v1.KeyManagementService"] as ServiceDefinition;
/** `google.iam.v1.IAMPolicy`, as far as it is served. */
export const iamPolicyService = companions["google.iam.v1.IAMPolicy"] as ServiceDefinition;
/** `google.rpc.Status`. */
export const statusMessage = message("google.rpc.Status");
/** `google.rpc.ErrorInfo`. */
export const errorInfoMessage = message("google.rpc.ErrorInfo");
