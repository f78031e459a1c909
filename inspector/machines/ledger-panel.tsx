// Right: the effects under way, since when and what started each; the timers armed, with what is left of them. In a fork
// effects wait for an answer, which is given here.
import { useComputed } from '@preact/signals';
import type { Fork } from '../../machines/fork.ts';
import type { Inspection } from './inspection.ts';
import { JsonView } from './json-view.tsx';
import { Panel } from './panel.tsx';
import type { PageClock } from './source.ts';
import { useTicks } from './ticks.ts';
import type { View, WhatIf } from './what-if.ts';
import { ago, dayAndTime, span, timeOfDay } from './words.ts';

export interface LedgerPanelProps {
  readonly inspection: Inspection;
  readonly whatIf: WhatIf;
  readonly clock: PageClock;
  readonly view: View;
}

export function EffectsPanel({ inspection, whatIf, clock, view }: LedgerPanelProps) {
  const runs = useComputed(
    () => inspection.cursor.value === null && Object.keys(whatIf.view.value?.cell.fx ?? {}).length > 0,
  );
  useTicks(clock, runs).value;
  const open = Object.entries(view.cell.fx);
  const fork = whatIf.fork.value;
  const now = whatIf.nowMs();
  return (
    <Panel title={`Effects under way (${open.length})`}>
      {open.length === 0 ? <p class="quiet">None: it asked the world for nothing.</p> : null}
      <ul class="entries">
        {open.map(([id, effect]) => {
          const n = Number(id.split('.', 1)[0]);
          const seq = inspection.actorSeqs.value?.seqOf(n);
          const started = seq === undefined ? undefined : inspection.columns.row(seq)?.at;
          const known = !view.forked || n <= (whatIf.origin.value?.n ?? 0);
          return (
            <li key={id} class="entry">
              <p class="entry-head">
                <strong>{effect.type}</strong> <code>{id}</code>
              </p>
              <p class="quiet">
                {known && started !== undefined
                  ? `for ${span(now - started)}, started by `
                  : `started by record ${n}`}
                {known && seq !== undefined ? (
                  <button type="button" class="link" onClick={() => inspection.goTo(seq)}>
                    #{seq}
                  </button>
                ) : null}
                {known ? null : ' of this sandbox'}
              </p>
              {Object.keys(effect.params).length > 0 ? <JsonView value={effect.params} depth={3} /> : null}
              {fork ? <Answers fork={fork} id={id} whatIf={whatIf} /> : null}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function Answers({
  fork,
  id,
  whatIf,
}: {
  readonly fork: Fork;
  readonly id: string;
  readonly whatIf: WhatIf;
}) {
  const effect = fork.effects.find((each) => each.id === id);
  return (
    <fieldset class="choices" aria-label={`How ${effect?.type ?? id} ends`}>
      {effect?.answers.map((answer) => (
        <button key={answer.type} type="button" class="button slim" onClick={() => whatIf.answer(id, answer)}>
          {answer.type}
        </button>
      ))}
    </fieldset>
  );
}

export function TimersPanel({ inspection, whatIf, clock, view }: LedgerPanelProps) {
  const runs = useComputed(
    () =>
      inspection.cursor.value === null &&
      whatIf.fork.value === null &&
      Object.keys(whatIf.view.value?.cell.tm ?? {}).length > 0,
  );
  useTicks(clock, runs).value;
  const armed = Object.entries(view.cell.tm).sort(([, a], [, b]) => a.due - b.due);
  const now = whatIf.nowMs();
  return (
    <Panel title={`Timers armed (${armed.length})`}>
      {armed.length === 0 ? <p class="quiet">None: nothing happens by the clock alone.</p> : null}
      <ul class="entries">
        {armed.map(([id, timer]) => {
          const left = timer.due - now;
          return (
            <li key={id} class="entry">
              <p class="entry-head">
                <strong>{id}</strong>
                <span class="timer-left">{left > 0 ? `in ${span(left)}` : `due ${ago(timer.due, now)}`}</span>
              </p>
              <progress
                class="timer-bar"
                max={timer.len}
                value={Math.min(timer.len, Math.max(0, timer.len - left))}
                aria-label={`${id}: ${span(Math.max(0, left))} of ${span(timer.len)} left`}
              />
              <p class="quiet" title={dayAndTime(timer.due)}>
                fires <code>{timer.event.type}</code> at {timeOfDay(timer.due)}, armed for {span(timer.len)}
              </p>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
