// SPDX-License-Identifier: Apache-2.0
import type { RequestHandler } from "express";
import { rateLimit as limiter } from "express-rate-limit";
import { HttpError } from "./problem.ts";

/** How many requests a path answers on one listener within `windowMilliseconds`; more are refused with 429. */
export interface RateLimits {
  readonly windowMilliseconds: number;
  readonly requests: number;
  /** Full paths, such as `/v1/sys/unseal`; each has a count of its own. */
  readonly paths: readonly string[];
}

/** What bounds the guessing of shares: per listener, not per client, since addresses are cheap. */
export function rateLimit(limits: RateLimits): RequestHandler {
  const limiters = new Map(
    limits.paths.map((path) => {
      const limit = limiter({
        windowMs: limits.windowMilliseconds,
        limit: limits.requests,
        keyGenerator: () => path,
        legacyHeaders: false,
        standardHeaders: false,
        skip: (request) => request.method === "GET" || request.method === "HEAD",
        handler: (_request, response, next) => {
          const seconds = Math.ceil(limits.windowMilliseconds / 1000);
          response.setHeader("Retry-After", seconds);
          next(new HttpError(429, `too many requests to ${path}: more than ${limits.requests} in ${seconds} s; wait`));
        },
      });
      return [path, limit] as const;
    }),
  );
  return (request, response, next) => {
    const limit = limiters.get(request.path);
    if (limit === undefined) next();
    else limit(request, response, next);
  };
}
