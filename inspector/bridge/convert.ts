// A machine of ours, described, as the configuration XState 4 understands: targets as ids, `guard` as `cond`, everything by
// name. It is only ever drawn from: nothing steps it, so names need no functions behind them.
import type { Description, Edge } from '../../machines/describe.ts';

/** What `createMachine` of XState 4 takes. */
export interface LegacyMachine {
  readonly id: string;
  readonly predictableActionArguments: true;
  readonly initial: string;
  readonly context: object;
  readonly states: { readonly [id: string]: LegacyState };
}

export interface LegacyState {
  readonly description: string;
  readonly entry?: readonly string[];
  readonly exit?: readonly string[];
  readonly on: { readonly [event: string]: readonly LegacyStep[] };
  readonly always?: readonly LegacyStep[];
  /** `final`: the work is over. Not XState's `type: 'final'`, in which no event may come any more: to ours one may. */
  readonly tags?: readonly string[];
}

/** Without a target the state is kept. */
export interface LegacyStep {
  readonly target?: string;
  readonly cond?: string;
  readonly actions?: readonly string[];
}

export function toLegacyMachine({ kind, states, edges }: Description): LegacyMachine {
  return {
    id: kind,
    predictableActionArguments: true,
    initial: states.find((state) => state.initial)?.id ?? '',
    context: {},
    states: Object.fromEntries(
      states.map(({ id, description, entry, exit, final }) => {
        const own = edges.filter((edge) => edge.from === id);
        const events = [...new Set(own.map((edge) => edge.event))].filter((event) => event !== '');
        const steps = (event: string) =>
          own.filter((edge) => edge.event === event).map((edge) => step(kind, edge));
        const on = Object.fromEntries(events.map((event) => [event, steps(event)]));
        const rest = filled({ entry, exit, always: steps(''), tags: final ? ['final'] : [] });
        return [id, { description, on, ...rest }];
      }),
    ),
  };
}

function step(kind: string, { from, to, guard, actions }: Edge): LegacyStep {
  return {
    ...(to === from ? {} : { target: `#${kind}.${to}` }),
    ...(guard === null ? {} : { cond: guard }),
    ...filled({ actions }),
  };
}

/** Without the lists that are empty: two hundred registrations are sent at once. */
function filled<T extends { readonly [name: string]: readonly unknown[] }>(lists: T): Partial<T> {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<T>;
}
