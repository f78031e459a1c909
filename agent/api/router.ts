// Which handler answers which request. A table of method and path; `*` in a path is one free segment, handed over in
// order. Unknown paths, wrong methods and failures all become problems; nothing else leaves this file.
import { TenderError } from '../errors.ts';
import type { Log } from '../log-line.ts';
import type { ApiAnswer, ApiHandler, ApiRequest } from './http.ts';
import { problemOf } from './problem.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Segments joined by slashes; `v1/uploads/*` has one free. */
  readonly path: string;
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
        pathKnown = true;
        if (route.method === request.method) return await route.answer(request, ...free);
      }
      const what = `${request.method} /${request.path.join('/').slice(0, 200)}`;
      throw new TenderError(
        'TENDER_ROUTE_UNKNOWN',
        pathKnown
          ? `${what}: this address does not take that method.`
          : `${what}: there is nothing here. The command line and the agent may be of different versions.`,
      );
    } catch (error) {
      return problemOf(error, log);
    }
  };
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
