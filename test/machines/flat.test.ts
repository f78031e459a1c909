// The walk over flat machines against the library itself, on machines made to hold every kind of transition that ours may
// use one day: all event sequences up to a length, so that no order is left to luck.
import { describe, expect, it } from 'vitest';
import { createActor, setup } from 'xstate';
import { assign } from '../../machines/define.ts';
import { flatten } from '../../machines/flat.ts';
import type { JsonObject } from '../../machines/json.ts';

const executed: string[] = [];
const say = (_: unknown, { what }: { what: string }): void => void executed.push(what);

const machine = setup({
  types: {} as { context: { count: number; log: string }; input: { count: number } },
  actions: {
    say,
    note: assign(({ context }, { what }: { what: string }) => ({ log: context.log + what })),
    add: assign(({ context }) => ({ count: context.count + 1 })),
    zero: assign({ count: 0 }),
    nothing: assign({}),
  },
  guards: {
    odd: ({ context }) => context.count % 2 === 1,
    atLeast: ({ context }, { min }: { min: number }) => context.count >= min,
  },
}).createMachine({
  id: 'sample',
  options: { maxIterations: 16 },
  context: ({ input }) => ({ count: input.count, log: '' }),
  initial: 'a',
  states: {
    a: {
      entry: [
        { type: 'note', params: { what: 'a+' } },
        { type: 'say', params: { what: 'in a' } },
      ],
      exit: { type: 'say', params: ({ context }) => ({ what: `out of a at ${context.count}` }) },
      always: { guard: { type: 'atLeast', params: { min: 4 } }, target: 'b' },
      on: {
        go: [{ guard: 'odd', target: 'b', actions: 'add' }, { actions: 'add' }],
        self: { target: 'a', actions: 'add' },
        again: { target: 'a', reenter: true, actions: { type: 'note', params: { what: '!' } } },
        idle: {},
        same: { actions: 'nothing' },
      },
    },
    b: {
      entry: 'add',
      exit: { type: 'note', params: { what: 'b-' } },
      always: [
        { guard: { type: 'atLeast', params: { min: 6 } }, target: 'c' },
        { guard: 'odd', actions: { type: 'say', params: { what: 'always in b' } } },
      ],
      on: { go: 'a', again: { target: 'b', reenter: true }, same: { target: 'b' } },
    },
    c: { entry: ['zero'], on: { go: { target: 'a', actions: { type: 'say', params: { what: 'back' } } } } },
  },
});

const events = ['go', 'self', 'again', 'idle', 'same', 'unknown'];

function* sequences(length: number): Generator<readonly string[]> {
  yield [];
  if (length === 0) return;
  for (const first of events) for (const rest of sequences(length - 1)) yield [first, ...rest];
}

describe('the walk over a flat machine', () => {
  const flat = flatten(machine, 16);

  it('does for every sequence of up to four events what the library does', () => {
    let steps = 0;
    for (const sequence of sequences(4)) {
      executed.length = 0;
      const actor = createActor(machine, { input: { count: 0 } }).start();
      const born = flat.start({ count: 0 });
      let mine: { value: string; context: JsonObject } = born;
      const wished = born.wishes.map(({ params }) => (params as { what: string }).what);
      for (const type of sequence) {
        actor.send({ type });
        const moved = flat.step(mine, { type });
        mine = moved ?? mine;
        wished.push(...(moved?.wishes ?? []).map(({ params }) => (params as { what: string }).what));
        steps += 1;
      }
      const theirs = actor.getSnapshot();
      expect([mine.value, mine.context, wished], sequence.join(' ')).toEqual([
        theirs.value,
        theirs.context,
        executed,
      ]);
      actor.stop();
    }
    expect(steps).toBeGreaterThan(1_500);
  });

  it('answers nothing when an event changes nothing and asks for nothing', () => {
    const rest = { value: 'a', context: { count: 0, log: '' } };
    expect(flat.step(rest, { type: 'idle' })).toBeUndefined();
    expect(flat.step(rest, { type: 'unknown' })).toBeUndefined();
    expect(flat.step({ ...rest, value: 'nowhere' }, { type: 'go' })).toBeUndefined();
  });

  it('ends a machine that never comes to rest', () => {
    const endless = setup({
      actions: { add: assign(({ context }) => ({ count: context.count + 1 })) },
    }).createMachine({
      id: 'endless',
      context: { count: 0 },
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { always: { actions: 'add' } } },
    });
    expect(() => flatten(endless, 16).step({ value: 'a', context: { count: 0 } }, { type: 'go' })).toThrow(
      'does not come to rest within 16 steps',
    );
  });
});
