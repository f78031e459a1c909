// A machine as data: states, edges, what they do. The documentation and the inspector draw from this, so a picture of a
// machine cannot be out of date. Reads configuration only; nothing is run.
import type { Definition, StateGroup } from './define.ts';

export interface StateDescription {
  readonly id: string;
  readonly description: string;
  readonly initial: boolean;
  readonly final: boolean;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

/** One branch of one transition. `to` equals `from` when the state is kept. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Event type; empty for transitions taken at once on entering. */
  readonly event: string;
  /** Name of the guard, with its parameters if any. */
  readonly guard: string | null;
  readonly actions: readonly string[];
  /** Place among the branches of this event, first one that holds wins; and whether it is the last. */
  readonly branch: number;
  readonly last: boolean;
}

export interface Description {
  readonly kind: string;
  readonly version: number;
  readonly states: readonly StateDescription[];
  readonly edges: readonly Edge[];
  readonly effects: readonly {
    readonly type: string;
    readonly permit: string;
    readonly results: readonly string[];
  }[];
  readonly events: readonly {
    readonly type: string;
    readonly source: string;
    readonly fields: readonly string[];
  }[];
  readonly timers: readonly string[];
  /** States shown together; each state is in exactly one. */
  readonly groups: readonly StateGroup[];
}

export function describe(definition: Definition): Description {
  // `define` has audited this shape.
  const config = definition.machine.config as unknown as Config;
  const states: StateDescription[] = [];
  const edges: Edge[] = [];
  for (const [id, state] of Object.entries(config.states)) {
    states.push({
      id,
      description: state.description,
      initial: id === config.initial,
      final: definition.finalStates.includes(id),
      entry: names(state.entry),
      exit: names(state.exit),
    });
    for (const [event, steps] of Object.entries(state.on ?? {})) edges.push(...branches(id, event, steps));
    if (state.always) edges.push(...branches(id, '', state.always));
  }
  return {
    kind: definition.kind,
    version: definition.version,
    states,
    edges,
    effects: Object.entries(definition.effects).map(([type, { permit }]) => ({
      type,
      permit,
      results: Object.entries(definition.events)
        .filter(([, spec]) => spec.effects?.includes(type))
        .map(([event]) => event),
    })),
    events: Object.entries(definition.events).map(([type, spec]) => ({
      type,
      source: spec.source,
      fields: Object.entries(spec.fields).map(([name, field]) => (field.optional ? `${name}?` : name)),
    })),
    timers: definition.timers,
    groups: definition.groups,
  };
}

/** A Mermaid state diagram: one line per pair of states, events joined; kept states are left out, the table has them. */
export function mermaid(description: Description): string {
  const name = (id: string) => id.replace(/[^a-z]/gi, '_');
  const lines = ['stateDiagram-v2'];
  for (const state of description.states) {
    if (state.initial) lines.push(`  [*] --> ${name(state.id)}`);
    if (name(state.id) !== state.id) lines.push(`  state "${state.id}" as ${name(state.id)}`);
  }
  const pairs = new Map<string, Set<string>>();
  for (const edge of description.edges) {
    if (edge.from === edge.to) continue;
    const pair = `  ${name(edge.from)} --> ${name(edge.to)}`;
    pairs.set(pair, (pairs.get(pair) ?? new Set()).add(edge.event || edge.guard || 'at once'));
  }
  for (const [pair, events] of pairs) lines.push(`${pair}: ${[...events].join(', ')}`);
  for (const state of description.states) if (state.final) lines.push(`  ${name(state.id)} --> [*]`);
  return lines.join('\n');
}

interface Named {
  readonly type: string;
  readonly params?: unknown;
}
type Names = string | Named | readonly (string | Named)[] | undefined;
interface StepConfig {
  readonly target?: string;
  readonly guard?: string | Named;
  readonly actions?: Names;
}
type Steps = string | StepConfig | readonly StepConfig[];
interface Config {
  readonly initial: string;
  readonly states: {
    readonly [id: string]: {
      readonly description: string;
      readonly entry?: Names;
      readonly exit?: Names;
      readonly on?: { readonly [event: string]: Steps };
      readonly always?: Steps;
    };
  };
}

function branches(from: string, event: string, steps: Steps): Edge[] {
  const list = (typeof steps === 'string' ? [{ target: steps }] : [steps].flat()) as readonly StepConfig[];
  return list.map((step, branch) => ({
    from,
    to: step.target ?? from,
    event,
    guard: step.guard === undefined ? null : nameOf(step.guard),
    actions: names(step.actions),
    branch,
    last: branch === list.length - 1,
  }));
}

function names(actions: Names): string[] {
  return actions === undefined
    ? []
    : ([actions].flat() as (string | Named)[]).map((action) => nameOf(action, false));
}

function nameOf(item: string | Named, withParams = true): string {
  if (typeof item === 'string') return item;
  const params = item.params;
  return withParams && typeof params === 'object' && params !== null
    ? `${item.type}(${Object.values(params).join(', ')})`
    : item.type;
}
