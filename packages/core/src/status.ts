// SPDX-License-Identifier: Apache-2.0
import type { ShareNumbers } from "@sealwright/seal";
import type { Cluster } from "./cluster.ts";

/** What can be told of a store at any time, sealed or not. */
export interface StoreStatus {
  /** The seal's type: as stored, or as configured before initialisation. */
  readonly type: string;
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Of the unseal shares, or of the recovery shares where the seal is an auto seal; zeros where there are none. */
  readonly numbers: ShareNumbers;
  /** Unseal shares counted so far. */
  readonly progress: number;
  /** The unseal attempt's nonce; empty while there is none. */
  readonly nonce: string;
  /** The type of the recovery shares' seal, where the seal is an auto seal. */
  readonly recoveryType?: string;
  readonly storageType: string;
  /** Known while unsealed. */
  readonly cluster?: Cluster;
  /** OpenBao or Vault wrote this storage and it was not adopted: it is read and never written. */
  readonly foreign: boolean;
  /** While unsealed: a plain seal configuration is not what this store wrote. */
  readonly sealConfigsAltered: boolean;
}
