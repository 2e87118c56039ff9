// SPDX-License-Identifier: Apache-2.0
/** What the command calls itself in its own sentences; sentences that come from the server are passed on untouched. */
export const commandName = "sealwright";

/** What the command calls the server in its own sentences. */
export const productName = "Sealwright";

/** The version this command was released as. */
export const commandVersion = "0.1.0";
