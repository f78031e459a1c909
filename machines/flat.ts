// Takes one event through a flat machine the way XState does, without what XState needs for nested, parallel and historic
// states. The library resolves the configuration (targets, actions, guards) when the module loads; this reads its state
// nodes, and needs a tenth of the 3.5 µs and 11 KB of garbage that the library's own step takes (Node 24.21, 2 cores); the parity tests put the
// same random events to live actors of the library and allow no difference. Called by the kernel only.
import type { AnyStateMachine } from 'xstate';
import type { Json, JsonObject } from './json.ts';
import type { Wish } from './ledger.ts';

/** What a machine is between two events. */
export interface Rest {
  readonly value: string;
  readonly context: JsonObject;
}

/** Where a step led, and the actions it wished for, in order. */
export interface Moved extends Rest {
  readonly wishes: readonly Wish[];
}

export interface FlatMachine {
  has(value: string): boolean;
  /** The state a machine is born in. */
  start(input: JsonObject): Moved;
  /** Undefined: nothing changed. */
  step(rest: Rest, event: MachineInput): Moved | undefined;
  /** What the state would try for this event, in order, and what each guard says now. For explanations; slow. */
  branches(rest: Rest, event: MachineInput): readonly Branch[];
}

/** One transition that a state has for an event. */
export interface Branch {
  /** Name of the guard; null: it has none. */
  readonly guard: string | null;
  readonly passes: boolean;
  /** Null: the state is not left. */
  readonly target: string | null;
}

/** An event as guards and actions see it. */
export type MachineInput = { readonly type: string; readonly [key: string]: Json };

type Given = { readonly context: JsonObject; readonly event: MachineInput };
type Params = JsonObject | ((given: Given) => JsonObject) | undefined;
type Guard = (given: Given, params: unknown) => boolean;
type Assignment = JsonObject | ((given: Given, params: unknown) => JsonObject);

interface Action {
  readonly type: string;
  readonly params: Params;
  /** Assignments change the context; every other action is a wish. */
  readonly assignment: Assignment | undefined;
}

interface Transition {
  readonly guard: { readonly name: string; readonly passes: Guard; readonly params: Params } | undefined;
  /** Undefined: the state is not left. */
  readonly target: string | undefined;
  readonly actions: readonly Action[];
}

interface State {
  readonly on: ReadonlyMap<string, readonly Transition[]>;
  readonly always: readonly Transition[];
  readonly entry: readonly Action[];
  readonly exit: readonly Action[];
}

/** As much of the library's resolved nodes as is read here. */
interface Node {
  readonly key: string;
  readonly transitions: ReadonlyMap<string, readonly NodeTransition[]>;
  readonly always?: readonly NodeTransition[];
  readonly entry: readonly Named[];
  readonly exit: readonly Named[];
}
interface NodeTransition {
  readonly guard?: Named;
  readonly target?: readonly Node[];
  readonly reenter: boolean;
  readonly source: Node;
  readonly actions: readonly Named[];
}
type Named = string | { readonly type: string; readonly params?: Params };

/** `stepsMax`: microsteps after which a machine that never comes to rest is stopped. */
export function flatten(machine: AnyStateMachine, stepsMax: number): FlatMachine {
  const guards = machine.implementations.guards as unknown as Readonly<Record<string, Guard>>;
  const actions = machine.implementations.actions as unknown as Readonly<
    Record<string, { readonly assignment?: Assignment }>
  >;
  const states = new Map<string, State>();
  for (const node of Object.values(machine.states) as unknown as Node[]) {
    states.set(node.key, {
      on: new Map([...node.transitions].map(([type, each]) => [type, each.map(transitionOf)])),
      always: (node.always ?? []).map(transitionOf),
      entry: node.entry.map(actionOf),
      exit: node.exit.map(actionOf),
    });
  }
  const config = machine.config as unknown as {
    readonly initial: string;
    readonly context?: JsonObject | ((given: { readonly input: JsonObject }) => JsonObject);
  };

  function transitionOf({ guard, target, reenter, source, actions: named }: NodeTransition): Transition {
    const to = target?.[0];
    return {
      guard: guard === undefined ? undefined : guardOf(guard),
      // A state that is its own target is not left unless the transition says so.
      target: to === undefined || (to === source && !reenter) ? undefined : to.key,
      actions: named.map(actionOf),
    };
  }

  function guardOf(named: Named): Transition['guard'] {
    const { type, params } = typeof named === 'string' ? { type: named } : named;
    return { name: type, passes: guards[type]!, params };
  }

  function actionOf(named: Named): Action {
    const { type, params } = typeof named === 'string' ? { type: named } : named;
    return { type, params, assignment: actions[type]?.assignment };
  }

  /** The first transition whose guard agrees. */
  function choose(from: readonly Transition[] | undefined, given: Given): Transition | undefined {
    if (from === undefined) return undefined;
    for (const transition of from) {
      const { guard } = transition;
      if (guard === undefined || guard.passes(given, paramsOf(guard.params, given))) return transition;
    }
    return undefined;
  }

  /** Runs actions in order; each sees what assignments before it made of the context. */
  function run(
    list: readonly Action[],
    context: JsonObject,
    event: MachineInput,
    wishes: Wish[],
  ): JsonObject {
    let now = context;
    for (const { type, params, assignment } of list) {
      const given = { context: now, event };
      const resolved = paramsOf(params, given);
      if (assignment === undefined) wishes.push({ type, params: resolved });
      else {
        const patch = typeof assignment === 'function' ? assignment(given, resolved) : assignment;
        now = { ...now, ...patch };
      }
    }
    return now;
  }

  /** Follows `transition`, then whatever the states on the way always do, until the machine is at rest. */
  function settle(rest: Rest, transition: Transition | undefined, event: MachineInput): Moved | undefined {
    const wishes: Wish[] = [];
    let { value, context } = rest;
    let state = states.get(value)!;
    let changed = false;
    let next = transition;
    for (let steps = 0; ; steps++) {
      if (next !== undefined) {
        const before = context;
        if (next.target !== undefined) context = run(state.exit, context, event, wishes);
        context = run(next.actions, context, event, wishes);
        if (next.target !== undefined) {
          value = next.target;
          state = states.get(value)!;
          context = run(state.entry, context, event, wishes);
        }
        const moved = next.target !== undefined || context !== before;
        changed ||= moved;
        // What is always done and changes nothing is done once.
        if (!moved && steps > 0) break;
      }
      if (steps >= stepsMax)
        throw new Error(`the machine ${machine.id} does not come to rest within ${stepsMax} steps`);
      if (state.always.length === 0) break;
      next = choose(state.always, { context, event });
      if (next === undefined) break;
    }
    return changed || wishes.length > 0 ? { value, context, wishes } : undefined;
  }

  return {
    has: (value) => states.has(value),
    start: (input) => {
      const { context = {}, initial } = config;
      const event = { type: 'xstate.init', input };
      const wishes: Wish[] = [];
      const born = typeof context === 'function' ? context({ input }) : context;
      const entered = run(states.get(initial)!.entry, { ...born }, event, wishes);
      const moved = settle({ value: initial, context: entered }, undefined, event);
      if (moved === undefined) return { value: initial, context: entered, wishes };
      return { ...moved, wishes: [...wishes, ...moved.wishes] };
    },
    step: (rest, event) => {
      const state = states.get(rest.value);
      if (state === undefined) return undefined;
      const given = { context: rest.context, event };
      return settle(rest, choose(state.on.get(event.type), given), event);
    },
    branches: (rest, event) => {
      const given = { context: rest.context, event };
      return (states.get(rest.value)?.on.get(event.type) ?? []).map(({ guard, target }) => ({
        guard: guard?.name ?? null,
        passes: guard === undefined || guard.passes(given, paramsOf(guard.params, given)),
        target: target ?? null,
      }));
    },
  };
}

function paramsOf(params: Params, given: Given): unknown {
  return typeof params === 'function' ? params(given) : params;
}
