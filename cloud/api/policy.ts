// Who may call which route. Every route declares a policy; one without cannot be registered, so forgetting is an error at
// start, not a hole. The tenant comes from the token and from nowhere else.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Clock } from '../ports.ts';
import type { Registry, TokenScope } from '../registry.ts';
import type { Budget, Spend } from './budgets.ts';
import { ApiProblem } from './problem.ts';

/** `public`: anybody. Else: a token with this scope. (Yachts come by upgrade: adapters/line-upgrade.ts.) */
export type Policy = 'public' | { readonly scope: TokenScope };

/** Who a request acts for, from its token. */
export interface Caller {
  readonly tenantId: string;
  readonly tokenId: string;
  readonly scopes: readonly TokenScope[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    policy?: Policy;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

export interface PolicyPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly spend: Spend;
}

/** Every route registered, with its policy; for the route table test and the OpenAPI document. */
export type RouteTable = { readonly method: string; readonly url: string; readonly policy: Policy }[];

/** SHA-256 of a token: what is kept. A random token of 256 bits needs no slow hash. */
export function tokenHash(token: string): Uint8Array {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** Puts the rules in front of every route registered afterwards. */
export function guardRoutes(app: FastifyInstance, ports: PolicyPorts): RouteTable {
  const table: RouteTable = [];
  app.decorateRequest('caller', null);
  app.addHook('onRoute', (route: RouteOptions) => {
    const policy = route.config?.policy;
    if (!policy) throw new Error(`route ${String(route.method)} ${route.url} declares no policy`);
    for (const method of [route.method].flat()) table.push({ method, url: route.url, policy });
  });
  app.addHook('onRequest', async (request) => {
    const policy = request.routeOptions.config.policy;
    // No policy here means no route: the not-found handler answers.
    if (!policy) return;
    limit(ports, 'address', request.ip);
    if (policy === 'public') return;
    request.caller = await authenticate(request, ports);
    limit(ports, 'token', request.caller.tokenId);
    if (!request.caller.scopes.includes(policy.scope)) {
      throw new ApiProblem('TENDER_SCOPE_MISSING', { detail: `This needs the scope "${policy.scope}".` });
    }
  });
  return table;
}

/** Refuses when the budget of this key is used up. */
export function limit(ports: Pick<PolicyPorts, 'spend'>, budget: Budget, key: string): void {
  const waitMs = ports.spend(budget, key);
  if (waitMs > 0) throw new ApiProblem('TENDER_TOO_MANY_REQUESTS', { retryAfterMs: waitMs });
}

/** Unknown, revoked and expired tokens get one and the same answer. */
async function authenticate(request: FastifyRequest, ports: PolicyPorts): Promise<Caller> {
  const presented = /^Bearer ([\x21-\x7e]{16,256})$/i.exec(request.headers.authorization ?? '')?.[1];
  const token = presented ? await ports.registry.tokenByHash(tokenHash(presented)) : undefined;
  const expired = token?.expiresMs != null && token.expiresMs <= ports.clock.wallMs();
  if (!token || token.revoked || expired) throw new ApiProblem('TENDER_TOKEN_INVALID');
  return { tenantId: token.tenantId, tokenId: token.tokenId, scopes: token.scopes };
}

/** The caller of a route whose policy names a scope. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new ApiProblem('TENDER_TOKEN_INVALID');
  return request.caller;
}
