// Right, of the connection: what the line does now. The rate finder's state and figures, what it did last and why, and each lane with
// what is on its way there. Asked for each second while somebody looks at the present.
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { Json } from '../../machines/json.ts';
import type { RateDescription } from '../../machines/rate-finder-description.ts';
import { rateText, sizeOfText } from '../queue/amounts.ts';
import type { Inspection } from './inspection.ts';
import { JsonView } from './json-view.tsx';
import { Panel } from './panel.tsx';
import type { LineNow, PageClock } from './source.ts';
import { useTicks } from './ticks.ts';
import { plural, span, timeOfDay } from './words.ts';

export interface LinePanelProps {
  readonly inspection: Inspection;
  readonly clock: PageClock;
}

export function LinePanel({ inspection: { source, cursor }, clock }: LinePanelProps) {
  const line = useSignal<LineNow | null>(null);
  const live = useComputed(() => cursor.value === null);
  const ticks = useTicks(clock, live);
  useSignalEffect(() => {
    ticks.value;
    if (!live.value) return;
    const stop = new AbortController();
    source.line?.(stop.signal).then(
      (now) => {
        line.value = now;
      },
      () => {
        // The strip above says that the daemon does not answer.
      },
    );
    return () => stop.abort();
  });
  if (!live.value || !line.value) return null;
  const { open, rate, lanes } = line.value;
  return (
    <Panel title={`The line now (${plural(lanes.length, 'lane')})`}>
      <p class="why-sentence">{open ? rateSentence(rate) : 'No line is open.'}</p>
      <ul class="entries">
        {lanes.map(({ number, outstandingBytes, allowedBytes, asleep }) => (
          <li key={number}>
            <p class="entry-head">
              <span>
                Lane {number}
                {asleep ? ' sleeps' : ''}
              </span>
              <span class="quiet">{sizeOfText(outstandingBytes, allowedBytes)} on the way</span>
            </p>
            <progress
              class="timer-bar"
              max={allowedBytes}
              value={outstandingBytes}
              aria-label={`On the way on lane ${number}`}
            />
          </li>
        ))}
      </ul>
      <details class="why-facts" open>
        <summary>What the rate finder did last</summary>
        <ol class="entries">
          {[...rate.events].reverse().map(({ atMs, to, why, bytesPerSecond }) => (
            <li key={atMs + to}>
              <code>{timeOfDay(atMs)}</code> <strong>{to}</strong>: {why}
              {bytesPerSecond === null ? '' : `, ${rateText(bytesPerSecond)}`}
            </li>
          ))}
        </ol>
      </details>
      <details class="why-facts">
        <summary>Facts</summary>
        <JsonView value={{ ...line.value, rate: { ...rate, events: [] } } as unknown as Json} />
      </details>
    </Panel>
  );
}

/** "follow: 1.9 Mbit/s ± 4 %, queue 12 of 20 ms, round trip 607 ms". */
export function rateSentence(rate: RateDescription): string {
  const { state, capacityBytesPerSecond: capacity, capacityDoubtPercent: doubt, roundTripMs } = rate;
  return [
    capacity === null
      ? `${state}: the rate is not known yet`
      : `${state}: ${rateText(capacity)} ± ${Math.round(doubt ?? 0)} %, queue ${Math.round(rate.queueMs)} of ${span(rate.targetMs)}`,
    ...(roundTripMs === null ? [] : [`round trip ${span(roundTripMs)}`]),
  ].join(', ');
}
