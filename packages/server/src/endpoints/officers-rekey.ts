// SPDX-License-Identifier: Apache-2.0
/** `sys/seals/shares/NAME/rekey/*`: new shares for the officers of one seal, with the leave of the present quorum. */
import type { Ceremonies } from "../ceremonies/ceremonies.ts";
import { RekeyService, type RekeyServiceOptions } from "../ceremonies/rekey-service.ts";
import type { Endpoint, Method, Operation } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { rotateKeysEndpoints } from "./rotate-root.ts";

/** What these rekeys need. */
export interface OfficersRekeyDeps extends RekeyServiceOptions {
  readonly gate: Gate;
  readonly ceremonies: Ceremonies;
}

const BASE = "sys/seals/shares/*/rekey";

/** The same endpoints as of other rekeys, one set for all names: the name is a part of the path. */
export function officersRekeyEndpoints(deps: OfficersRekeyDeps): Endpoint[] {
  const { store, ceremonies, gate } = deps;
  const endpointsOf = (name: string): Endpoint[] => {
    const other = { rekey: ceremonies.officersRekey(name), name: `officers' (${name})` };
    return rotateKeysEndpoints(new RekeyService("recovery", deps, other), gate, BASE);
  };
  const checkName = async (name: string): Promise<void> => {
    const holdings = await store.seals.holdings();
    if (holdings.some((each) => each.name === name && each.kind === "shares" && !each.first)) return;
    throw new HttpError(400, `this storage has no seal of officers' shares called ${JSON.stringify(name)}`);
  };
  const named = (index: number, method: Method, template: Operation): Operation => ({
    ...template,
    run: async (request, name) => {
      await checkName(name);
      const operation = endpointsOf(name)[index]?.operations[method];
      if (operation === undefined) throw new HttpError(405);
      return operation.run(request, "");
    },
  });
  const templates = rotateKeysEndpoints(new RekeyService("recovery", deps), gate, BASE);
  return templates
    .map((endpoint, index) => ({
      ...endpoint,
      operations: Object.fromEntries(
        Object.entries(endpoint.operations).map(([method, each]) => [method, named(index, method as Method, each)]),
      ),
    }))
    .filter(({ path }) => !path.endsWith("/backup"));
}
