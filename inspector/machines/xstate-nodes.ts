// Stands in for the package `xstate` in what the browser loads: machines/flat.ts reads only resolved states, transitions
// and actions, and for those 18 kB of interpreter would travel to a tablet for nothing. It resolves exactly what `define`
// lets through (flat states, named actions and guards); a test compares it, node by node, with the library itself. Named
// as an alias in the Vite configurations; Node, and so daemon and tests, always load the library.

/** A state as flat.ts reads it. */
export interface StateNode {
  readonly key: string;
  readonly entry: readonly unknown[];
  readonly exit: readonly unknown[];
  readonly transitions: Map<string, readonly Resolved[]>;
  readonly always?: readonly Resolved[];
}

/** One branch of a transition, its target found. */
export interface Resolved {
  readonly guard?: unknown;
  readonly target?: readonly StateNode[];
  readonly reenter: boolean;
  readonly source: StateNode;
  readonly actions: readonly unknown[];
}

interface StepConfig {
  readonly target?: string;
  readonly guard?: unknown;
  readonly actions?: unknown;
  readonly reenter?: boolean;
}
type Steps = string | StepConfig | readonly (string | StepConfig)[] | undefined;

interface MachineConfig {
  readonly id: string;
  readonly states: {
    readonly [name: string]: {
      readonly entry?: unknown;
      readonly exit?: unknown;
      readonly on?: { readonly [event: string]: Steps };
      readonly always?: Steps;
    };
  };
}

interface Implementations {
  readonly actions?: Readonly<Record<string, unknown>>;
  readonly guards?: Readonly<Record<string, unknown>>;
}

/** The library's `setup`, for machines that `define` accepts. */
export function setup({ actions = {}, guards = {} }: Implementations) {
  return {
    createMachine(config: MachineConfig) {
      return { id: config.id, config, implementations: { actions, guards }, states: resolve(config) };
    },
  };
}

/** The library's `assign`: an action that names its assignment. */
export function assign(assignment: unknown) {
  return Object.assign(() => undefined, { type: 'xstate.assign', assignment });
}

function resolve(config: MachineConfig): { readonly [name: string]: StateNode } {
  const nodes: { [name: string]: StateNode } = {};
  for (const [key, state] of Object.entries(config.states))
    nodes[key] = { key, entry: list(state.entry), exit: list(state.exit), transitions: new Map() };
  for (const [key, state] of Object.entries(config.states)) {
    const source = nodes[key]!;
    const resolved = (steps: Steps): readonly Resolved[] =>
      list(steps).map((step) => {
        const {
          target,
          guard,
          actions,
          reenter = false,
        } = typeof step === 'string' ? { target: step } : step;
        return {
          ...(target === undefined ? {} : { target: [nodes[target]!] }),
          ...(guard === undefined ? {} : { guard }),
          actions: list(actions),
          reenter,
          source,
        };
      });
    for (const [event, steps] of Object.entries(state.on ?? {}))
      source.transitions.set(event, resolved(steps));
    if (state.always !== undefined) Object.assign(source, { always: resolved(state.always) });
  }
  return nodes;
}

function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T];
}
