// A router with the routes to the past over a real log, asked as a client asks: by method, address and body.
import { nodeClock } from '../../../agent/adapters/node-clock.ts';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import type { Aboard } from '../../../agent/api/aboard.ts';
import { socketWho, type Who } from '../../../agent/api/access/roles.ts';
import { createRouter } from '../../../agent/api/router.ts';
import { actorRoutes } from '../../../agent/api/routes/actors.ts';
import { logRoutes } from '../../../agent/api/routes/log.ts';
import { machinesRoutes } from '../../../agent/api/routes/machines.ts';
import { timelineRoutes } from '../../../agent/api/routes/timeline.ts';
import { createHistory } from '../../../agent/daemon/history.ts';
import type { Host } from '../../../agent/host/contract.ts';
import type { Clock } from '../../../agent/ports.ts';
import type { JsonObject } from '../../../machines/json.ts';

export interface Answered {
  readonly status: number;
  readonly body: JsonObject;
}

export interface PastApi {
  get(address: string): Promise<Answered>;
  post(address: string, body: JsonObject): Promise<Answered>;
}

/** `clock` is the one that dry runs expire by. */
export function pastApi(host: Host, options: { readonly who?: Who; readonly clock?: Clock } = {}): PastApi {
  const clock = options.clock ?? nodeClock();
  const history = createHistory({ host, clock, random: nodeRandom() });
  // Only what these routes ask of it.
  const aboard = {
    version: '1.2.3',
    host,
    history,
    clock,
    streamsMax: 4,
    running: () => [],
  } as unknown as Aboard;
  const handle = createRouter(
    [...logRoutes(aboard), ...machinesRoutes('1.2.3'), ...timelineRoutes(aboard), ...actorRoutes(aboard)],
    () => {},
  );

  async function ask(method: string, address: string, body?: JsonObject): Promise<Answered> {
    const url = new URL(address, 'http://agent');
    const answer = await handle({
      method,
      path: url.pathname.split('/').slice(1).map(decodeURIComponent),
      query: url.searchParams,
      header: (name) => (name === 'content-type' ? 'application/json' : undefined),
      body: bytesOf(body),
      signal: new AbortController().signal,
      who: options.who ?? socketWho,
    });
    if (!('json' in answer)) throw new Error('no JSON came');
    // As it travels.
    return { status: answer.status, body: JSON.parse(JSON.stringify(answer.json)) };
  }
  return { get: (address) => ask('GET', address), post: (address, body) => ask('POST', address, body) };
}

async function* bytesOf(body: JsonObject | undefined): AsyncIterable<Uint8Array> {
  if (body !== undefined) yield new TextEncoder().encode(JSON.stringify(body));
}
