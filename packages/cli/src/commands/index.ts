// SPDX-License-Identifier: Apache-2.0
import { Registry } from "../registry.ts";
import { deletePath } from "./delete.ts";
import { kvDelete } from "./kv/delete.ts";
import { kvGet } from "./kv/get.ts";
import { kvList } from "./kv/list.ts";
import { kvPut } from "./kv/put.ts";
import { list } from "./list.ts";
import { operatorGenerateRoot } from "./operator/generate-root.ts";
import { operatorInit } from "./operator/init.ts";
import { operatorKeyStatus } from "./operator/key-status.ts";
import { operatorRekey } from "./operator/rekey.ts";
import { operatorRotate } from "./operator/rotate.ts";
import { operatorRotateKeys } from "./operator/rotate-keys.ts";
import { operatorSeal } from "./operator/seal.ts";
import { operatorUnseal } from "./operator/unseal.ts";
import { printToken } from "./print-token.ts";
import { read } from "./read.ts";
import { server } from "./server.ts";
import { status } from "./status.ts";
import { storageGet } from "./storage/get.ts";
import { storageList } from "./storage/list.ts";
import { storageRotate } from "./storage/rotate.ts";
import { version } from "./version.ts";
import { write } from "./write.ts";

/** Every command there is. */
export const commandRegistry = new Registry(
  [
    server,
    status,
    version,
    printToken,
    operatorInit,
    operatorUnseal,
    operatorSeal,
    operatorRotate,
    operatorKeyStatus,
    operatorRekey,
    operatorRotateKeys,
    operatorGenerateRoot,
    kvPut,
    kvGet,
    kvDelete,
    kvList,
    read,
    write,
    list,
    deletePath,
    storageList,
    storageGet,
    storageRotate,
  ],
  [
    { path: "operator", synopsis: "Initialise, unseal and seal the server, and look after its keys" },
    { path: "kv", synopsis: "Read and write secrets" },
    { path: "storage", synopsis: "Read, and rotate the key of, a storage that no server holds" },
    { path: "print", synopsis: "Show what commands use" },
  ],
);
