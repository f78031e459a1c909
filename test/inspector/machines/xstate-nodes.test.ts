// What the browser has in place of XState resolves every machine to the same nodes as the library, branch by branch.
import { describe, expect, it } from 'vitest';
import { define } from '../../../inspector/machines/define-known.ts';
import { type Resolved, type StateNode, setup } from '../../../inspector/machines/xstate-nodes.ts';
import { registry } from '../../../machines/registry.ts';

interface Named {
  readonly type: string;
  readonly params?: unknown;
}

/** Names, parameters and targets by identity, in the shape both share. */
const named = (item: unknown): Named =>
  typeof item === 'string' ? { type: item } : { type: (item as Named).type, params: (item as Named).params };
const branch = ({ guard, target, reenter, actions }: Resolved) => ({
  guard: guard === undefined ? undefined : named(guard),
  target: target?.[0]?.key,
  reenter: reenter === true,
  actions: actions.map(named),
});
const node = (state: StateNode) => ({
  key: state.key,
  entry: state.entry.map(named),
  exit: state.exit.map(named),
  on: [...state.transitions].map(([event, branches]) => [event, branches.map(branch)]),
  always: (state.always ?? []).map(branch),
});

describe.each(Object.values(registry))('the $kind machine in the browser', ({ kind, machine }) => {
  const implementations = machine.implementations as unknown as Parameters<typeof setup>[0];
  const ours = setup(implementations).createMachine(machine.config as never);

  it('is defined as the daemon’s is', () => {
    const definition = registry[kind]!;
    expect(define(definition)).toBe(definition);
    expect(Object.isFrozen(definition)).toBe(true);
  });

  it('has the states of the library, in their order', () => {
    expect(Object.keys(ours.states)).toEqual(Object.keys(machine.states));
  });

  it('has the same transitions, guards, targets and actions in each', () => {
    for (const [key, theirs] of Object.entries(machine.states))
      expect(node(ours.states[key]!), key).toEqual(node(theirs as unknown as StateNode));
  });

  it('keeps guards and assignments as they were given', () => {
    expect(ours.implementations).toEqual({
      actions: machine.implementations.actions,
      guards: machine.implementations.guards,
    });
    expect(ours.config).toBe(machine.config);
  });
});
