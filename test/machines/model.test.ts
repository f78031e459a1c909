// The whole of each machine, walked by XState's own graph tools: nothing unreachable, nothing without a way out.

import { describe, expect, it } from 'vitest';
import type { AnyStateMachine, EventObject } from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import { describe as describeMachine } from '../../machines/describe.ts';
import type { JsonObject } from '../../machines/json.ts';
import { registry } from '../../machines/registry.ts';
import { samples, spooled, watched } from './cells.ts';

/** Variants of the samples where a guard looks at fields. */
const variants: { readonly [kind: string]: readonly JsonObject[] } = {
  upload: [
    { ...samples.upload?.['send.failed'], type: 'send.failed', class: 'ITEM', permanent: true },
    { ...samples.upload?.['send.failed'], type: 'send.failed', class: 'RESYNC' },
    { type: 'pause', by: 'cli', untilMs: 1_000 },
    { type: 'resume', by: 'page' },
  ],
  connection: ['CAPTIVE', 'INTERCEPTED', 'AUTH'].flatMap((cls) => [
    { ...samples.connection?.['line.failed'], type: 'line.failed', class: cls },
    { ...samples.connection?.['line.lost'], type: 'line.lost', class: cls },
  ]),
  breaker: [{ type: 'forceOpen', by: 'cli', untilMs: 1_000 }],
};

function explore(kind: string, input: JsonObject) {
  const machine = registry[kind]?.machine as AnyStateMachine;
  const events = [
    ...Object.entries(samples[kind] ?? {}).map(([type, fields]) => ({ type, ...fields, at: 1_000 })),
    ...(variants[kind] ?? []).map((event) => ({ at: 1_000, ...event })),
  ] as unknown as EventObject[];
  const options = {
    input,
    events,
    // Without times, numbers and texts the space is finite: what is left is what guards can tell apart.
    serializeState: (snapshot: { value: unknown; context: JsonObject }) => {
      const { paused, parked, indexed, waiting, attempts, resyncs, priority, attempt, forcedBy } =
        snapshot.context;
      const who = paused
        ? [Object.keys((paused as JsonObject).by as JsonObject).sort(), (paused as JsonObject).back]
        : null;
      return JSON.stringify([
        snapshot.value,
        who,
        (parked as JsonObject | null)?.class,
        indexed !== null,
        (waiting as JsonObject | null)?.back,
        Math.min(Number(attempts), 5),
        resyncs,
        priority === 1,
        Math.min(Number(attempt ?? 0), 3),
        forcedBy ?? null,
      ]);
    },
    limit: 200_000,
  };
  return { machine, options };
}

/** Serialised states from which no wanted one can be reached, found by walking the adjacency backwards. */
function withoutWay(kind: string, input: JsonObject, wanted: readonly string[]): string[] {
  const { machine, options } = explore(kind, input);
  const map = getAdjacencyMap(machine as never, options as never) as unknown as Record<
    string,
    {
      state: { value: string };
      transitions: Record<string, { state: { value: string; context: JsonObject } }>;
    }
  >;
  const serialize = options.serializeState as (state: unknown) => string;
  const back = new Map<string, Set<string>>();
  for (const [from, { transitions }] of Object.entries(map))
    for (const { state } of Object.values(transitions)) {
      const to = serialize(state);
      back.set(to, (back.get(to) ?? new Set()).add(from));
    }
  const reached = new Set(Object.keys(map).filter((key) => wanted.includes(map[key]?.state.value ?? '')));
  const work = [...reached];
  for (let key = work.pop(); key !== undefined; key = work.pop())
    for (const from of back.get(key) ?? []) {
      if (reached.has(from)) continue;
      reached.add(from);
      work.push(from);
    }
  return Object.keys(map).filter((key) => !reached.has(key));
}

const ways: [kind: string, ends: string, input: JsonObject][] = [
  ['upload', 'indexed or cancelled', watched],
  ['upload', 'indexed or cancelled', spooled],
  ['connection', 'online', {}],
  ['breaker', 'closed', {}],
];

describe('every machine as a graph', () => {
  it.each(Object.keys(registry))('%s: every state in which an actor may rest is reached', (kind) => {
    const seen = new Set<string>();
    for (const [of, , input] of ways) {
      if (of !== kind) continue;
      const { machine, options } = explore(kind, input);
      for (const path of getShortestPaths(machine as never, options as never))
        seen.add((path.state as unknown as { value: string }).value);
    }
    const states = describeMachine(registry[kind] as never).states.map((state) => state.id);
    expect([...seen].sort()).toEqual(states.filter((state) => state !== 'sighted').sort());
  });

  it.each(ways)('%s: from every state there is a way to %s', (kind, ends, input) => {
    expect(withoutWay(kind, input, ends.split(' or '))).toEqual([]);
  });

  it('upload: what is stored cannot become anything but indexed', () => {
    const onward = describeMachine(registry.upload as never).edges.filter((edge) => edge.from === 'stored');
    expect([...new Set(onward.map((edge) => edge.to))].sort()).toEqual(['indexed', 'stored']);
  });

  it.each(Object.keys(registry))('%s: no event is dead: each is handled in some state', (kind) => {
    const handled = new Set(describeMachine(registry[kind] as never).edges.map((edge) => edge.event));
    expect(Object.keys(registry[kind]?.events ?? {}).filter((event) => !handled.has(event))).toEqual([]);
  });
});
