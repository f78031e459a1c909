// Middle: the machine of the selected actor with its state at the cursor lit, the transition that led there, and the state
// a dry run would reach.
import { Chart } from '../chart/Chart.tsx';
import { layoutOf } from '../chart/layouts.ts';
import { ForkBar } from './fork-bar.tsx';
import type { Inspection } from './inspection.ts';
import type { WhatIf } from './what-if.ts';

export function ChartPane({
  inspection,
  whatIf,
}: {
  readonly inspection: Inspection;
  readonly whatIf: WhatIf;
}) {
  const view = whatIf.view.value;
  const fork = whatIf.fork.value;
  const origin = whatIf.origin.value;
  const dry = whatIf.dry.value;
  const description = inspection.descriptions.find(({ kind }) => kind === view?.kind);
  const selected = inspection.selected.value;
  return (
    <section
      id="machines-chart"
      class={fork ? 'machines-chart forked' : 'machines-chart'}
      aria-label="Statechart"
    >
      {fork && origin ? <ForkBar {...{ whatIf, fork, origin }} /> : null}
      {description && view ? (
        <Chart
          key={description.kind}
          layout={layoutOf(description)}
          description={description}
          active={selected.is === 'absent' ? null : view.cell.value}
          entered={view.before?.value}
          last={
            view.before && view.event
              ? { from: view.before.value, to: view.cell.value, event: view.event.type }
              : null
          }
          ghost={dry?.accepted ? dry.to : null}
        />
      ) : (
        <p class="quiet chart-empty">
          {selected.is === 'absent' || selected.is === 'failed'
            ? selected.message
            : inspection.actor.value === null
              ? 'Choose an actor on the left.'
              : view
                ? 'No picture of this kind of actor: its records stand below.'
                : 'Loading …'}
        </p>
      )}
    </section>
  );
}
