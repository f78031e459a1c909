// The one door to XState. A machine passes `define` or it does not exist: only flat states, named actions and guards,
// plain event names. What the library cannot persist faithfully (invoked and spawned actors, `after` timers, history:
// xstate #5331, #5057, #5077) is refused here, when the module loads, not found out aboard.
import { type AnyStateMachine, assign as libraryAssign } from 'xstate';
import { MachineError } from './error.ts';
import type { EventSpecs, MachineEvent, Upcasters } from './events.ts';
import type { Fields } from './fields.ts';
import type { JsonObject } from './json.ts';

/** More microsteps than any of our machines needs; an `always` loop ends here instead of hanging the daemon. */
export const microstepsMax = 16;

/** Kernel actions: what a machine says to start and stop effects and timers goes by these names. */
export const kernelActions = ['arm', 'disarm', 'stop', 'amend'] as const;

/**
 * Parameters of the kernel actions. `len` and `due` in ms; an id ending in `*` disarms all that begin so. A
 * `len` of null is a wait without an end: an armed timer of that id is taken away.
 */
export type Arm = { readonly id: string; readonly len: number | null; readonly event: MachineEvent };
export type Disarm = { readonly id: string };
/** Ends every running effect of a type. */
export type Stop = { readonly effect: string };
/** Changes parameters of every open effect of a type while it runs. */
export type Amend = { readonly effect: string; readonly patch: JsonObject };

/** A named action that does nothing by itself: its name and JSON parameters are the wish. */
export const effect =
  <P extends JsonObject>() =>
  (_arguments: unknown, _params: P): void => {};

/**
 * The library's `assign` for a fixed patch or one function that answers it. A function per field, which the library also
 * takes, is refused: flat.ts would keep it as a value.
 */
export const assign: typeof libraryAssign = (assignment) => {
  const fields = typeof assignment === 'function' ? [] : Object.values(assignment);
  if (fields.some((value) => typeof value === 'function'))
    throw new MachineError(
      'TENDER_MACHINE_DEFINITION',
      'Assign a fixed patch, or one function for all of it.',
    );
  return Object.assign(libraryAssign(assignment), { ofTender: true });
};

/** States that people see as one thing, such as "aside"; a name of one to three words, in the order of a life. */
export interface StateGroup {
  readonly name: string;
  readonly states: readonly string[];
}

/** Everything tender knows of one kind of actor. */
export interface Definition {
  readonly kind: string;
  readonly version: number;
  readonly machine: AnyStateMachine;
  readonly events: EventSpecs;
  readonly input: Fields;
  readonly context: Fields;
  /** Effect type → what it needs before it may start. */
  readonly effects: { readonly [type: string]: { readonly permit: 'line' | 'none' } };
  /** Timer ids it may arm; `pause.*` stands for any id with that beginning. */
  readonly timers: readonly string[];
  /** States in which the actor's work is over (once its ledger is empty). */
  readonly finalStates: readonly string[];
  /** How its states are shown together; each state belongs to exactly one group. */
  readonly groups: readonly StateGroup[];
  readonly upcasters: Upcasters;
  /** From version → context of that version to context of the next. */
  readonly migrations: { readonly [fromVersion: number]: (context: JsonObject) => JsonObject };
}

/** Checks a machine against the rules of this house and answers its definition, frozen. Throws when one is broken. */
export function define(definition: Definition): Definition {
  const { kind, machine, effects, events, finalStates, groups } = definition;
  const refuse = (what: string): never => {
    throw new MachineError('TENDER_MACHINE_DEFINITION', `The machine "${kind}" ${what}.`);
  };
  // The audit reads configuration as data; its precise type is XState's business.
  const config = machine.config as unknown as ConfigNode;
  const implementations = machine.implementations as unknown as {
    readonly actions: Record<string, unknown>;
    readonly guards: Record<string, unknown>;
  };

  if (config.options?.maxIterations !== microstepsMax) refuse(`must set maxIterations to ${microstepsMax}`);
  if (typeof config.initial !== 'string') refuse('needs one initial state');
  if (config.on || config.always || config.entry || config.exit)
    refuse('has transitions or actions at its root');
  auditNode(config, 'the root', refuse);

  for (const [name, action] of Object.entries(implementations.actions)) {
    const { type: builtin, ofTender } = action as { type?: string; ofTender?: boolean };
    if (builtin === 'xstate.assign' && ofTender) continue;
    if (builtin !== undefined) refuse(`uses the built-in action ${builtin} as "${name}"`);
    if (!(kernelActions as readonly string[]).includes(name) && !effects[name])
      refuse(`has the action "${name}", which is neither an assignment nor one of its effects`);
  }
  for (const [name, guard] of Object.entries(implementations.guards)) {
    // The library's `and`, `or` and `not` are objects of another kind.
    if (typeof guard !== 'function' || 'check' in guard)
      refuse(`has the guard "${name}", which is no plain function`);
  }
  for (const [name, state] of Object.entries(config.states ?? {})) {
    const where = `state "${name}"`;
    if (state.states || state.type) refuse(`has a ${state.type ?? 'nested'} ${where}: states here are flat`);
    if (!state.description) refuse(`does not describe ${where}`);
    auditNode(state, where, refuse);
    for (const event of Object.keys(state.on ?? {})) {
      if (event.includes('*') || event.startsWith('xstate.')) refuse(`listens for "${event}" in ${where}`);
      if (!events[event]) refuse(`handles "${event}" in ${where}, which is not among its events`);
    }
    const steps = [...Object.values(state.on ?? {}), state.always].flatMap((step) => step ?? []);
    for (const step of steps) {
      if (typeof step === 'string') continue;
      auditNames(step.actions, implementations.actions, `an action in ${where}`, refuse);
      auditNames(step.guard, implementations.guards, `a guard in ${where}`, refuse);
    }
    auditNames(state.entry, implementations.actions, `an entry action of ${where}`, refuse);
    auditNames(state.exit, implementations.actions, `an exit action of ${where}`, refuse);
  }
  for (const name of finalStates)
    if (!config.states?.[name]) refuse(`calls the unknown state "${name}" final`);
  const grouped = groups.flatMap((group) => group.states);
  for (const name of Object.keys(config.states ?? {})) {
    const times = grouped.filter((each) => each === name).length;
    if (times !== 1) refuse(`has the state "${name}" in ${times} groups instead of one`);
  }
  for (const name of grouped)
    if (!config.states?.[name]) refuse(`has the unknown state "${name}" in a group`);
  if (new Set(groups.map((group) => group.name)).size !== groups.length) refuse('has two groups of one name');
  return Object.freeze(definition);
}

type Step = { readonly actions?: unknown; readonly guard?: unknown };

interface ConfigNode {
  readonly options?: { readonly maxIterations?: number };
  readonly initial?: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly entry?: unknown;
  readonly exit?: unknown;
  readonly on?: { readonly [event: string]: string | Step | readonly Step[] };
  readonly always?: Step | readonly Step[];
  readonly states?: { readonly [name: string]: ConfigNode };
}

const banned = ['invoke', 'after', 'history', 'onDone', 'output', 'route'] as const;

function auditNode(node: ConfigNode, where: string, refuse: (what: string) => never): void {
  for (const key of banned) if (key in node) refuse(`uses "${key}" in ${where}`);
}

/** Actions and guards go by name: a function written in place could not be shown, tabulated or compared. */
function auditNames(
  value: unknown,
  known: Readonly<Record<string, unknown>>,
  where: string,
  refuse: (what: string) => never,
): void {
  for (const item of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
    const name = typeof item === 'string' ? item : (item as { type?: unknown }).type;
    if (typeof item === 'function' || typeof name !== 'string') refuse(`has ${where} without a name`);
    else if (!Object.hasOwn(known, name)) refuse(`has ${where} of an unknown name, "${name}"`);
  }
}
