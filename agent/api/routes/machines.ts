// The machines of this build as data: what the inspector draws and the command line explains.

import { describe } from '../../../machines/describe.ts';
import type { Json } from '../../../machines/json.ts';
import { registry } from '../../../machines/registry.ts';
import type { Route } from '../router.ts';
import { onlyQuery } from '../validate.ts';

/** `build`: the version of the program. */
export function machinesRoutes(build: string): readonly Route[] {
  let machines: Json | undefined;
  return [
    {
      method: 'GET',
      path: 'v1/machines',
      role: 'engineer',
      summary: 'Every machine of this build as data: states, transitions, events, effects, timers.',
      answers: { machines: ['object'], build: 'text' },
      async answer(request) {
        onlyQuery(request, []);
        machines ??= Object.values(registry).map(describe) as unknown as Json;
        return { status: 200, json: { machines, build } };
      },
    },
  ];
}
