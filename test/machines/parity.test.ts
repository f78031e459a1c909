// The kernel is only allowed to be faster than XState, not different: the same random events go to a live actor of the
// same machine, and state, context and executed actions must agree after every single one.

import { describe, expect, it } from 'vitest';
import { type AnyActorRef, assign, createActor } from 'xstate';
import { kernelActions } from '../../machines/define.ts';
import type { Op } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { walk } from './walk.ts';

const eventsPerKind = 35_000;

/** The actions the live actor executed since last asked. */
function livingTwin(kind: string) {
  const executed: [string, unknown][] = [];
  const { machine, effects } = definitionOf(kind);
  const names = [...Object.keys(effects), ...kernelActions];
  // Assignments go through the library's own `assign`, so that ours (define.ts) is compared with it too.
  const assignments = Object.entries(
    machine.implementations.actions as Record<string, { assignment?: never }>,
  )
    .filter(([name]) => !names.includes(name))
    .map(([name, action]) => [name, assign(action.assignment as never)]);
  const recording = machine.provide({
    actions: Object.fromEntries([
      ...assignments,
      ...names.map((name) => [name, (_: unknown, params: unknown) => void executed.push([name, params])]),
    ]),
  });
  let actor: AnyActorRef | undefined;
  return {
    start(input: unknown) {
      actor?.stop();
      executed.length = 0;
      actor = createActor(recording, { input }).start();
    },
    send: (event: { type: string }) => actor?.send(event),
    state: () => actor?.getSnapshot() as { value: string; context: unknown; status: string },
    executed: () => executed.splice(0),
  };
}

const started = (ops: readonly Op[]) =>
  ops.flatMap((op) => (op.op === 'start' ? [[op.type, op.params] as [string, unknown]] : []));

describe('the kernel against live actors', () => {
  it.each(['upload', 'connection', 'breaker'])('%s: 35,000 random events, no difference', (kind) => {
    const twin = livingTwin(kind);
    let accepted = 0;
    let differences = 0;
    const same = (a: unknown, b: unknown, what: string) => {
      if (JSON.stringify(a) === JSON.stringify(b)) return;
      differences += 1;
      expect.soft(a, what).toEqual(b);
    };
    walk(
      kind,
      new FakeRandom(11, kind),
      eventsPerKind,
      ({ before, event, at, step }) => {
        // The kernel's own door: answers and timers nobody waits for never reach a machine.
        const spec = definitionOf(kind).events[event.type];
        if (spec?.source === 'fx' && !((event.fx as string) in before.fx)) return expect(step).toBeNull();
        if (spec?.source === 'tm' && before.tm[event.timer as string]?.due !== event.due)
          return expect(step).toBeNull();
        twin.send({ ...event, at } as { type: string });
        const live = twin.state();
        const mine = step?.cell ?? before;
        same(live.value, mine.value, `${event.type} in ${before.value}: state`);
        same(live.context, mine.context, `${event.type} in ${before.value}: context`);
        const executed = twin.executed();
        same(
          executed.filter(([name]) => !(kernelActions as readonly string[]).includes(name)),
          started(step?.ops ?? []),
          `${event.type} in ${before.value}: effects`,
        );
        if (step) accepted += 1;
        else same(executed, [], `${event.type} in ${before.value}: refused, yet acted`);
      },
      (input, first) => {
        twin.start(input);
        same(twin.state().context, first.cell.context, 'context at birth');
        same(started(first.ops), twin.executed(), 'effects at birth');
      },
    );
    expect(differences).toBe(0);
    expect(accepted).toBeGreaterThan(eventsPerKind / 10);
  });
});
