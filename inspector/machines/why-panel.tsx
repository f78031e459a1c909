// Right, first of all: why the actor stands where it stands, in one sentence, with the facts, when it ends by itself and
// what a person can do; and the way to whoever holds it.
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { Hold } from '../../machines/schedule.ts';
import { type Why, whyActor } from '../../machines/why.ts';
import { holderOf, holdThen } from './hold-then.ts';
import type { Inspection } from './inspection.ts';
import { JsonView } from './json-view.tsx';
import { Panel } from './panel.tsx';
import type { PageClock } from './source.ts';
import { StateMark } from './state-mark.tsx';
import { useTicks } from './ticks.ts';
import type { View, WhatIf } from './what-if.ts';
import { ago, timeOfDay } from './words.ts';

/** Live, a waiting actor's reasons may change without a record of its own: they are asked for again after so many seconds. */
const askAgainSeconds = 10;

export interface WhyPanelProps {
  readonly inspection: Inspection;
  readonly whatIf: WhatIf;
  readonly clock: PageClock;
  readonly view: View;
}

export function WhyPanel({ inspection, whatIf, clock, view }: WhyPanelProps) {
  const asked = useSignal<{ readonly key: string; readonly why: Why | null } | null>(null);
  const live = useComputed(
    () => inspection.source.mode === 'live' && inspection.cursor.value === null && !whatIf.fork.value,
  );
  const counts = useComputed(
    () =>
      live.value &&
      /^(sending|confirming|waiting|paused|offline|open)$/.test(whatIf.view.value?.cell.value ?? ''),
  );
  const ticks = useTicks(clock, counts);
  const key = useComputed(() => {
    const shown = whatIf.view.value;
    if (!live.value || shown?.kind !== 'upload') return '';
    return `${shown.actor} ${shown.cell.n}`;
  });
  const period = useComputed(() => (counts.value ? Math.floor(ticks.value / askAgainSeconds) : 0));
  useSignalEffect(() => {
    const wanted = key.value;
    period.value;
    if (wanted === '') return;
    const stop = new AbortController();
    inspection.source.actor(wanted.split(' ', 1)[0]!, stop.signal).then(
      ({ why, n }) => {
        if (!stop.signal.aborted && wanted.endsWith(` ${n}`)) asked.value = { key: wanted, why };
      },
      () => {
        // The machine's own answer below stays.
      },
    );
    return () => stop.abort();
  });

  const fresh = asked.value?.key === key.value ? asked.value?.why : null;
  const why = fresh ?? localWhy(inspection, view);
  if (!why) return null;
  const now = whatIf.nowMs();
  const hold = why.facts.hold as unknown as Hold | undefined;
  const holder = hold ? holderOf(inspection.columns, hold) : null;
  return (
    <Panel title="Why is it here?">
      <p class="why-sentence">
        <StateMark state={why.state} /> {why.sentence}
      </p>
      {why.untilMs !== null ? (
        <p>
          Until <time dateTime={new Date(why.untilMs).toISOString()}>{timeOfDay(why.untilMs)}</time>{' '}
          <span class="quiet">({ago(why.untilMs, now)})</span>
        </p>
      ) : null}
      <p>
        <strong>What to do:</strong> {why.whatToDo}
      </p>
      {holder !== null ? (
        <p>
          <button type="button" class="button slim" onClick={() => inspection.select(holder)}>
            Look at {holder}, which holds it
          </button>
        </p>
      ) : null}
      {why.actions.length > 0 ? (
        <fieldset class="choices" aria-label="Commands it takes now">
          {why.actions.map((action) => (
            <button
              key={action}
              type="button"
              class="button slim"
              onClick={() => {
                const event = whatIf.events.value.find((each) => each.event === action)?.example;
                if (event) whatIf.choose(event);
              }}
            >
              What if: {action}
            </button>
          ))}
        </fieldset>
      ) : null}
      <details class="why-facts">
        <summary>Facts</summary>
        <JsonView value={why.facts} />
      </details>
    </Panel>
  );
}

function localWhy(inspection: Inspection, view: View): Why | null {
  if (view.unfolded !== null) return null;
  try {
    const hold =
      view.kind === 'upload' && !view.forked
        ? holdThen(inspection.columns, inspection.lastSeqs.value.of, view.cell.value)
        : null;
    // No hold found says nothing about its turn then: nobody asked the scheduler.
    return whyActor(view.kind, view.cell, hold ?? undefined);
  } catch {
    // A kind this build does not know has no words.
    return null;
  }
}
