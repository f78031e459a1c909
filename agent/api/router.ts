// Which handler answers which request. A table of method and path; `*` in a path is one free segment, handed over in
// order. Unknown paths, wrong methods, roles too low and failures all become problems; nothing else leaves this file.
import { TenderError } from '../errors.ts';
import type { Log } from '../log-line.ts';
import { mayAct, type Role } from './access/roles.ts';
import type { ApiAnswer, ApiHandler, ApiRequest } from './http.ts';
import { problemOf } from './problem.ts';
import type { Fields, Shape } from './shape.ts';

/** One route: what it does, who may use it, and what it takes and gives, for people and for docs/aboard-openapi.json. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Segments joined by slashes; `v1/uploads/*` has one free. */
  readonly path: string;
  /** The least role that may use it. */
  readonly role: Role;
  /** Only over the unix socket: for what must never be done from a page. */
  readonly socketOnly?: true;
  /** One line: what it does. */
  readonly summary: string;
  /** Names of the free segments, in order; `id` when there is one and nothing is said. */
  readonly free?: readonly string[];
  readonly query?: Fields;
  readonly headers?: Fields;
  /** Fields of the JSON body, or `bytes` when the body is a file. Absent: no body, or an empty object. */
  readonly body?: Fields | 'bytes';
  /** What comes back with 200 (or `status`), or `events`: a stream of server-sent events, told in `summary`. */
  readonly answers: Shape | 'events' | 'bytes';
  /** Of a success; 200 when nothing is said. */
  readonly status?: number;
  answer(request: ApiRequest, ...free: string[]): Promise<ApiAnswer>;
}

export function createRouter(routes: readonly Route[], log: Log): ApiHandler {
  const table = routes.map((route) => ({ route, parts: route.path.split('/') }));
  return async (request) => {
    try {
      let pathKnown = false;
      for (const { route, parts } of table) {
        const free = match(parts, request.path);
        if (!free) continue;
        if (route.socketOnly && request.who.via !== 'socket') continue;
        pathKnown = true;
        if (route.method !== request.method) continue;
        if (!mayAct(request.who, route.role)) throw roleTooLow(request, route.role);
        if (request.who.via === 'page') checkType(request, route);
        return await route.answer(request, ...free);
      }
      const what = `${request.method} /${request.path.join('/').slice(0, 200)}`;
      throw new TenderError(
        'TENDER_ROUTE_UNKNOWN',
        pathKnown
          ? `${what}: this address does not take that method.`
          : `${what}: there is nothing here. Who asks and the agent may be of different versions.`,
      );
    } catch (error) {
      // A client that left in mid-request is no failure of ours.
      return problemOf(error, request.signal.aborted ? () => {} : log);
    }
  };
}

function roleTooLow(request: ApiRequest, needs: Role): TenderError {
  return new TenderError(
    'TENDER_ROLE_TOO_LOW',
    `This needs the role ${needs}; you are ${request.who.role}. Log in with that role's password, or use the command line.`,
  );
}

/**
 * A browser sends JSON and bytes to other sites only after asking them; a form it sends unasked. So a change by the page says
 * what it carries. Without a body DELETE carries nothing.
 */
function checkType(request: ApiRequest, route: Route): void {
  if (route.method === 'GET' || (route.method === 'DELETE' && route.body === undefined)) return;
  const wanted = route.body === 'bytes' ? 'application/octet-stream' : 'application/json';
  const [type = ''] = (request.header('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() === wanted) return;
  throw new TenderError(
    'TENDER_CONTENT_TYPE',
    `This takes ${wanted} and nothing else: say so in content-type.`,
  );
}

function match(pattern: readonly string[], path: readonly string[]): string[] | undefined {
  if (pattern.length !== path.length) return undefined;
  const free: string[] = [];
  for (const [index, part] of pattern.entries()) {
    if (part === '*') free.push(path[index]!);
    else if (part !== path[index]) return undefined;
  }
  return free;
}
