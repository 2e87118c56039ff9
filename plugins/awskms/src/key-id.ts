// SPDX-License-Identifier: Apache-2.0
/**
 * How keys and regions are named, and what an ARN tells: `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, or `…:alias/NAME`.
 */

const ARN = /^(?<before>arn:[\w-]+:kms:)(?<region>[\w-]+)(?<after>:\d*:(?:key|alias)\/.+)$/;

/** Whether a key may be called `text`: at most 2,048 characters, those of ids, ARNs and aliases. */
export function isKeyName(text: string): boolean {
  return text.length <= 2_048 && /^[\w:/.-]+$/.test(text);
}

/** Whether `text` has the form of a region's name, such as `eu-central-1`. */
export function isRegionName(text: string): boolean {
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text);
}

/** The region that an ARN names; undefined for what is no ARN. */
export function regionIn(key: string): string | undefined {
  return ARN.exec(key)?.groups?.region;
}

/**
 * How the key called `key` is addressed in `region`. A multi-Region key has the same id and material in each of its
 * regions, so what one of them wrapped is unwrapped by the replica here. Any other key stays what it is.
 */
export function keyAddressedIn(region: string, key: string): string {
  return key.replace(ARN, (whole, before: string, _there: string, after: string) =>
    after.includes(":key/mrk-") ? `${before}${region}${after}` : whole,
  );
}
