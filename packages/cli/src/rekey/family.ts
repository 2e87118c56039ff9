// SPDX-License-Identifier: Apache-2.0
/**
 * New key shares can be asked for in two families of endpoints: `rekey` needs no token, `rotate-keys` does. The
 * ceremony is the same; what differs stands here.
 */

/** Whose shares are replaced: those of the barrier's root key, or those of the recovery key of an auto seal. */
export type Target = "barrier" | "recovery";

/** The API paths of one target. */
export interface RekeyPaths {
  readonly init: string;
  readonly update: string;
  readonly verify: string;
  readonly backup: string;
}

/** A family: its command's name, its paths and its words. */
export interface RekeyFamily {
  readonly command: string;
  readonly paths: Readonly<Record<Target, RekeyPaths>>;
  readonly initMethod: "PUT" | "POST";
  /** The only target that there is, so that it need not be named. Its key is always split. */
  readonly onlyTarget?: Target;
  readonly words: RekeyWords;
}

/** How a family's sentences call things. */
export interface RekeyWords {
  /** `Error reading <status> status`. */
  readonly status: string;
  /** `No <process> is in progress`. */
  readonly process: string;
  /** `the <operation> is complete`. */
  readonly operation: string;
  /** `Canceled <doing>`. */
  readonly doing: string;
  /** `keys <done> to 3 key shares`. */
  readonly done: string;
  /** The row of the table that counts the shares given. */
  readonly progress: string;
  /** `delete the <kept> later`. */
  readonly kept: string;
}

/** `operator rekey`. */
export const rekeyFamily: RekeyFamily = {
  command: "operator rekey",
  paths: {
    barrier: {
      init: "sys/rekey/init",
      update: "sys/rekey/update",
      verify: "sys/rekey/verify",
      backup: "sys/rekey/backup",
    },
    recovery: {
      init: "sys/rekey-recovery-key/init",
      update: "sys/rekey-recovery-key/update",
      verify: "sys/rekey-recovery-key/verify",
      backup: "sys/rekey/recovery-key-backup",
    },
  },
  initMethod: "PUT",
  words: {
    status: "rekey",
    process: "rekey",
    operation: "rekey operation",
    doing: "rekeying",
    done: "rekeyed",
    progress: "Rekey Progress",
    kept: "backed up keys",
  },
};

/** `operator rotate-keys`. */
export const rotateKeysFamily: RekeyFamily = {
  command: "operator rotate-keys",
  paths: {
    barrier: authenticatedPaths("sys/rotate/root"),
    recovery: authenticatedPaths("sys/rotate/recovery"),
  },
  initMethod: "POST",
  words: {
    status: "rotate",
    process: "rotation",
    operation: "rotation",
    doing: "rotation",
    done: "rotated",
    progress: "Progress",
    kept: "stored keys",
  },
};

const recoveryKeysOffPaths = authenticatedPaths("sys/seals/recovery-keys/off");

/** `operator recovery-keys-off`: a rotation of the recovery key that takes its power to unseal away. */
export const recoveryKeysOffFamily: RekeyFamily = {
  ...rotateKeysFamily,
  command: "operator recovery-keys-off",
  paths: { barrier: recoveryKeysOffPaths, recovery: recoveryKeysOffPaths },
  onlyTarget: "recovery",
};

/** `operator rotate-keys -seal=NAME`: new shares for the officers of a seal beside others. */
export function officersFamily(seal: string): RekeyFamily {
  const paths = authenticatedPaths(`sys/seals/shares/${seal}/rekey`);
  return { ...rotateKeysFamily, paths: { barrier: paths, recovery: paths }, onlyTarget: "barrier" };
}

function authenticatedPaths(base: string): RekeyPaths {
  return { init: `${base}/init`, update: `${base}/update`, verify: `${base}/verify`, backup: `${base}/backup` };
}

/** How sentences call the keys that holders of a target's shares have. */
export function keyName(target: Target): "unseal" | "recovery" {
  return target === "barrier" ? "unseal" : "recovery";
}

/** The other target. */
export function otherTarget(target: Target): Target {
  return target === "barrier" ? "recovery" : "barrier";
}
