import { describe, expect, it } from 'vitest';
import { assign as libraryAssign, not, setup } from 'xstate';
import { assign, type Definition, define, effect, microstepsMax } from '../../machines/define.ts';
import { MachineError } from '../../machines/error.ts';

/** A machine of two states that breaks no rule, changed by the test. */
function definition(config: object, implementations: object = {}): Definition {
  const whole = {
    id: 'x',
    initial: 'a',
    options: { maxIterations: microstepsMax },
    states: { a: { description: 'First.', on: { go: 'b' } }, b: { description: 'Second.' } },
    ...config,
  };
  const machine = setup(implementations as object).createMachine(whole as never);
  return {
    kind: 'x',
    version: 1,
    machine: machine as never,
    events: { go: { source: 'cmd', fields: {} } },
    input: {},
    context: {},
    effects: { work: { permit: 'none' } },
    timers: [],
    finalStates: ['b'],
    groups: [{ name: 'all', states: ['a', 'b'] }],
    upcasters: {},
    migrations: {},
  };
}

const refusal = (config: object, implementations?: object): string => {
  try {
    define(definition(config, implementations));
  } catch (error) {
    expect(error).toBeInstanceOf(MachineError);
    expect((error as MachineError).code).toBe('TENDER_MACHINE_DEFINITION');
    return (error as MachineError).message;
  }
  return 'taken';
};
/** State `a` with something more in it. */
const inA = (more: object) => ({
  states: { a: { description: 'First.', ...more }, b: { description: 'Second.' } },
});

describe('the one door to XState', () => {
  it('takes a machine of flat, described states with named actions', () => {
    const config = inA({ entry: 'work', on: { go: { target: 'b', actions: ['note'], guard: 'may' } } });
    const implementations = { actions: { work: effect(), note: assign({}) }, guards: { may: () => true } };
    expect(refusal(config, implementations)).toBe('taken');
  });

  it.each([
    ['an invoked actor', inA({ invoke: { src: 'x' } }), 'uses "invoke"'],
    ['a timer of the library', inA({ after: { 1000: 'b' } }), 'uses "after"'],
    ['onDone', inA({ onDone: 'b' }), 'uses "onDone"'],
    ['a history state', inA({ type: 'history', history: 'deep' }), 'history state'],
    ['a final state of the library', inA({ type: 'final' }), 'final state'],
    ['nested states', inA({ initial: 'c', states: { c: {} } }), 'nested state'],
    ['parallel states', inA({ type: 'parallel', states: { c: {} } }), 'parallel state'],
    ['a wildcard', inA({ on: { '*': 'b' } }), 'listens for "*"'],
    ['a partial wildcard', inA({ on: { 'go.*': 'b' } }), 'listens for "go.*"'],
    ['an event of the library', inA({ on: { 'xstate.done': 'b' } }), 'listens for "xstate.done"'],
    ['an event it does not declare', inA({ on: { gone: 'b' } }), 'not among its events'],
    [
      'a state without a description',
      { states: { a: {}, b: { description: 'Second.' } } },
      'does not describe',
    ],
    ['transitions at its root', { on: { '*': '.b' } }, 'at its root'],
    ['actions at its root', { entry: 'work' }, 'at its root'],
    ['no bound on microsteps', { options: {} }, 'maxIterations'],
    ['an action written in place', inA({ entry: () => {} }), 'without a name'],
    ['an assignment written in place', inA({ on: { go: { actions: assign({}) } } }), 'without a name'],
    ['a guard written in place', inA({ on: { go: { guard: () => true, target: 'b' } } }), 'without a name'],
    ['an action nobody wrote', inA({ exit: 'nothing' }), 'unknown name, "nothing"'],
    ['a guard nobody wrote', inA({ always: { guard: 'nothing', target: 'b' } }), 'unknown name, "nothing"'],
  ])('refuses %s', (_, config, why) => {
    expect(refusal(config)).toContain(why);
  });

  it('refuses built-in actions, effects it was not told of, and assignments that could spawn', () => {
    const raise = { type: 'xstate.raise', resolve: () => [] };
    expect(refusal({}, { actions: { raise } })).toContain('built-in action xstate.raise');
    expect(refusal({}, { actions: { other: effect() } })).toContain(
      'neither an assignment nor one of its effects',
    );
    expect(refusal({}, { actions: { note: libraryAssign({}) } })).toContain('built-in action xstate.assign');
  });

  it('refuses guards that are no plain functions, and assignments with a function per field', () => {
    expect(refusal({}, { guards: { may: not(() => true) } })).toContain('the guard "may"');
    expect(() => assign({ a: () => 1 })).toThrow('one function for all of it');
  });

  it('refuses groups that do not hold each state exactly once', () => {
    const groups = (...groups: readonly (readonly string[])[]) => {
      const named = groups.map((states, i) => ({ name: `g${i}`, states }));
      return () => define({ ...definition({}), groups: named });
    };
    expect(groups(['a'], ['b'])).not.toThrow();
    expect(groups(['a'])).toThrow('the state "b" in 0 groups');
    expect(groups(['a', 'b'], ['b'])).toThrow('the state "b" in 2 groups');
    expect(groups(['a', 'b', 'c'])).toThrow('unknown state "c" in a group');
    const same = [
      { name: 'g', states: ['a'] },
      { name: 'g', states: ['b'] },
    ];
    expect(() => define({ ...definition({}), groups: same })).toThrow('two groups of one name');
  });

  it('refuses a final state that does not exist', () => {
    expect(() => define({ ...definition({}), finalStates: ['c'] })).toThrow('unknown state "c"');
  });
});
