// The machines of the house and their pictures as the page ships them, for the tests of the chart.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PackedLayouts, unpack } from '../../../inspector/chart/pack.ts';
import type { Layouts, MachineLayout } from '../../../inspector/chart/picture.ts';
import { type Description, describe } from '../../../machines/describe.ts';
import { registry } from '../../../machines/registry.ts';

export const descriptions: readonly Description[] = Object.values(registry).map(describe);

export const shippedText = readFileSync(
  join(import.meta.dirname, '..', '..', '..', 'inspector', 'chart', 'layouts.json'),
  'utf8',
);
export const shipped: Layouts = unpack(JSON.parse(shippedText) as PackedLayouts);

export function shippedOf(kind: string): MachineLayout {
  const layout = shipped[kind];
  if (!layout) throw new Error(`no pictures of ${kind} are shipped: npm run docs`);
  return layout;
}

/** A description of a machine that is only its states, groups and edges. `edges`: "from event to [guard]". */
export function invented(groups: { readonly [name: string]: string }, edges: readonly string[]): Description {
  const members = Object.entries(groups).map(([name, states]) => ({ name, states: states.split(' ') }));
  const states = members.flatMap((group) => group.states);
  return {
    kind: 'invented',
    version: 1,
    groups: members,
    states: states.map((id, at) => ({
      id,
      description: id,
      initial: at === 0,
      final: false,
      entry: [],
      exit: [],
    })),
    edges: edges.map((line) => {
      const [, from = '', event = '', to = '', guard] = /^(\S+) (\S+) (\S+)(?: \[(.+)\])?$/.exec(line) ?? [];
      return {
        from,
        to,
        event: event === '-' ? '' : event,
        guard: guard ?? null,
        actions: [],
        branch: 0,
        last: true,
      };
    }),
    effects: [],
    events: [],
    timers: [],
  };
}
