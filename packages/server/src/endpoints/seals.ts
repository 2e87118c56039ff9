// SPDX-License-Identifier: Apache-2.0
/** `sys/seals/*` and `sys/config/reload/seals`: which seals the storage has, changed while it is open. All of it ours. */
import { explainUnsealFailure, type MigrationPlan, type Risk, type SealedStore } from "@sealwright/core";
import * as z from "zod";
import { ConfigError } from "../config/index.ts";
import { type Endpoint, type Operation, onWrite, operation, operationWith } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { dataResponse, noContent } from "../http/respond.ts";
import type { Log } from "../runtime/log.ts";
import type { ReloadedSeals } from "../seals/server-seals.ts";

/** What changing seals needs. */
export interface SealsDeps {
  readonly store: SealedStore;
  readonly log: Log;
  /** Reads the configuration's seals anew; undefined where the server was not started with a file. */
  readonly reload: (() => Promise<ReloadedSeals>) | undefined;
}

const name = (what: string) => z.string({ error: `expected a text: ${what}` }).min(1, `expected a text: ${what}`);
const choice = z.boolean({ error: "expected true or false" }).default(false);
const added = z.object({ name: name("the name of a configured seal"), accept_weaker: choice });
const removed = z.object({ name: name("the name of a seal of the storage"), force: choice });
const migrated = z.object({
  to: name("the name of a configured seal, or shamir"),
  dry_run: choice,
  accept_weaker: choice,
  force: choice,
});
const forced = z.object({ force: choice });

function risk(accepted: boolean): Risk {
  return accepted ? "accept" : "refuse";
}

function planned({ from, to, shares, fromFailure }: MigrationPlan): object {
  return {
    from: { name: from.name, type: from.type },
    to: { name: to.name, type: to.type },
    shares_become: shares,
    ...(fromFailure === undefined ? {} : { from_error: explainUnsealFailure(fromFailure).reason }),
  };
}

function reloadOperation({ reload }: SealsDeps): Operation {
  return operation("Read the seals of the configuration anew", async () => {
    if (reload === undefined) throw new HttpError(400, "this server was started without a configuration file");
    try {
      return dataResponse(await reload());
    } catch (error) {
      if (error instanceof ConfigError) throw new HttpError(400, error.message);
      throw error;
    }
  });
}

function migrationEndpoints({ store: { seals }, log }: SealsDeps): Endpoint[] {
  const migrate = operationWith("Make another seal the first", migrated, async ({ request: { signal }, fields }) => {
    const options = { weaker: risk(fields.accept_weaker), force: risk(fields.force), signal };
    if (fields.dry_run) return dataResponse(planned(await seals.planMigration(fields.to, options)));
    await seals.migrate(fields.to, options);
    log.warn("the storage was migrated to another seal; the old one stays until that is finished", { to: fields.to });
    return noContent();
  });
  const finish = operationWith(
    "Remove the old seal of a migration",
    forced,
    async ({ request: { signal }, fields }) => {
      await seals.finishMigration({ force: risk(fields.force), signal });
      log.warn("the migration to another seal was finished: the old one is removed");
      return noContent();
    },
  );
  const undo = operationWith("Make the old seal the first again", forced, async ({ request: { signal }, fields }) => {
    await seals.undoMigration({ force: risk(fields.force), signal });
    log.warn("the migration to another seal was undone: the old one is the first again");
    return noContent();
  });
  return [
    { path: "sys/seals/migrate", access: "sudo", operations: onWrite(migrate) },
    { path: "sys/seals/migrate/finish", access: "sudo", operations: onWrite(finish) },
    { path: "sys/seals/migrate/undo", access: "sudo", operations: onWrite(undo) },
  ];
}

/** The endpoints that change the seals of the storage, and the one that reads their configuration anew. */
export function sealsEndpoints(deps: SealsDeps): Endpoint[] {
  const { store, log } = deps;
  const add = operationWith("Give a configured seal the root key", added, async ({ request: { signal }, fields }) => {
    await store.seals.add(fields.name, { weaker: risk(fields.accept_weaker), signal });
    log.warn("a seal was added: any one seal opens the storage", { seal: fields.name });
    return noContent();
  });
  const remove = operationWith("Take a seal out, with a new root key", removed, async ({ request, fields }) => {
    await store.seals.remove(fields.name, { force: risk(fields.force), signal: request.signal });
    log.warn("a seal was removed, with a new root key and a new data key", { seal: fields.name });
    return noContent();
  });
  return [
    { path: "sys/seals/add", access: "sudo", operations: onWrite(add) },
    { path: "sys/seals/remove", access: "sudo", operations: onWrite(remove) },
    ...migrationEndpoints(deps),
    { path: "sys/config/reload/seals", access: "sudo", operations: onWrite(reloadOperation(deps)) },
  ];
}
