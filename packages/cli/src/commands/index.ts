// SPDX-License-Identifier: Apache-2.0
import { Registry } from "../registry.ts";
import { configExplain } from "./config/explain.ts";
import { deletePath } from "./delete.ts";
import { kvDelete } from "./kv/delete.ts";
import { kvDestroy } from "./kv/destroy.ts";
import { kvGet } from "./kv/get.ts";
import { kvList } from "./kv/list.ts";
import { kvPatch } from "./kv/patch.ts";
import { kvPut } from "./kv/put.ts";
import { kvRollback } from "./kv/rollback.ts";
import { kvUndelete } from "./kv/undelete.ts";
import { kvMetadataDelete } from "./kv-metadata/delete.ts";
import { kvMetadataGet } from "./kv-metadata/get.ts";
import { kvMetadataPut } from "./kv-metadata/put.ts";
import { list } from "./list.ts";
import { login } from "./login.ts";
import { operatorGenerateRoot } from "./operator/generate-root.ts";
import { operatorInit } from "./operator/init.ts";
import { operatorKeyStatus } from "./operator/key-status.ts";
import { operatorRecover } from "./operator/recover.ts";
import { operatorRecoveryKeysOff } from "./operator/recovery-keys-off.ts";
import { operatorRekey } from "./operator/rekey.ts";
import { operatorRotate } from "./operator/rotate.ts";
import { operatorRotateKeys } from "./operator/rotate-keys.ts";
import { operatorSeal } from "./operator/seal.ts";
import { operatorSealAdd } from "./operator/seals/add.ts";
import { operatorSealMigrate } from "./operator/seals/migrate.ts";
import { operatorSealRemove } from "./operator/seals/remove.ts";
import { operatorUnseal } from "./operator/unseal.ts";
import { pluginNew } from "./plugin/new.ts";
import { policyDelete } from "./policy/delete.ts";
import { policyList } from "./policy/list.ts";
import { policyRead } from "./policy/read.ts";
import { policyWrite } from "./policy/write.ts";
import { printToken } from "./print-token.ts";
import { read } from "./read.ts";
import { sealDoctor } from "./seal/doctor.ts";
import { sealRewrap } from "./seal/rewrap.ts";
import { sealStatus } from "./seal/status.ts";
import { secretsDisable } from "./secrets/disable.ts";
import { secretsEnable } from "./secrets/enable.ts";
import { secretsList } from "./secrets/list.ts";
import { secretsMove } from "./secrets/move.ts";
import { secretsTune } from "./secrets/tune.ts";
import { server } from "./server.ts";
import { status } from "./status.ts";
import { storageAdopt } from "./storage/adopt.ts";
import { storageGet } from "./storage/get.ts";
import { storageList } from "./storage/list.ts";
import { storageRotate } from "./storage/rotate.ts";
import { storageUnwrap } from "./storage/unwrap.ts";
import { tokenCapabilities } from "./token/capabilities.ts";
import { tokenCreate } from "./token/create.ts";
import { tokenLookup } from "./token/lookup.ts";
import { tokenRenew } from "./token/renew.ts";
import { tokenRevoke } from "./token/revoke.ts";
import { version } from "./version.ts";
import { write } from "./write.ts";

/** Every command there is. */
export const commandRegistry = new Registry(
  [
    server,
    status,
    version,
    printToken,
    login,
    operatorInit,
    operatorUnseal,
    operatorSeal,
    operatorSealAdd,
    operatorSealRemove,
    operatorSealMigrate,
    operatorRotate,
    operatorKeyStatus,
    operatorRekey,
    operatorRotateKeys,
    operatorGenerateRoot,
    operatorRecover,
    operatorRecoveryKeysOff,
    kvPut,
    kvGet,
    kvDelete,
    kvList,
    kvPatch,
    kvRollback,
    kvUndelete,
    kvDestroy,
    kvMetadataGet,
    kvMetadataPut,
    kvMetadataDelete,
    read,
    write,
    list,
    deletePath,
    tokenCreate,
    tokenLookup,
    tokenRenew,
    tokenRevoke,
    tokenCapabilities,
    policyList,
    policyRead,
    policyWrite,
    policyDelete,
    secretsEnable,
    secretsDisable,
    secretsList,
    secretsMove,
    secretsTune,
    sealStatus,
    sealRewrap,
    sealDoctor,
    pluginNew,
    configExplain,
    storageList,
    storageGet,
    storageRotate,
    storageAdopt,
    storageUnwrap,
  ],
  [
    { path: "operator", synopsis: "Initialise, unseal and seal the server, and look after its keys" },
    { path: "kv", synopsis: "Read and write secrets" },
    { path: "kv metadata", synopsis: "Look after secrets of KV version 2" },
    { path: "token", synopsis: "Make, show, renew and revoke tokens" },
    { path: "policy", synopsis: "Say what tokens may do" },
    { path: "secrets", synopsis: "Mount and unmount secrets engines" },
    { path: "seal", synopsis: "Look at the seals" },
    { path: "plugin", synopsis: "Make seals of your own" },
    { path: "config", synopsis: "Look at a configuration" },
    { path: "storage", synopsis: "Read, rotate the key of, unwrap and adopt a storage that no server holds" },
    { path: "print", synopsis: "Show what commands use" },
  ],
);
