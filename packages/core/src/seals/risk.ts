// SPDX-License-Identifier: Apache-2.0
/** Whether something that an operator may regret is refused, or accepted because they asked for it. */
export type Risk = "refuse" | "accept";
