// SPDX-License-Identifier: Apache-2.0
/** A mount's path as messages and the server write it: one slash at the end, none in front. */
export function mountPath(text: string): string {
  return `${text.trim().replace(/^\/+|\/+$/g, "")}/`;
}
