// Bottom: the log from its oldest record to now. Buttons to step and play, a scrubber over all of it, the lanes of the part
// that is zoomed, and the records themselves.
import { useSignal, useSignalEffect } from '@preact/signals';
import { FilterBar } from './filter-bar.tsx';
import type { Inspection } from './inspection.ts';
import { LanesView } from './lanes-view.tsx';
import { RecordList } from './record-list.tsx';
import type { PageClock } from './source.ts';
import { count, dayAndTime } from './words.ts';
import { windowOf, type Zoom, zoomBy } from './zoom.ts';

/** Time between two records while playing, ms, by speed. */
const playMs = { slow: 700, normal: 250, fast: 40 } as const;
type Speed = keyof typeof playMs;

export interface TimelinePaneProps {
  readonly inspection: Inspection;
  readonly clock: PageClock;
  readonly filterId: string;
}

export function TimelinePane({ inspection, clock, filterId }: TimelinePaneProps) {
  const playing = useSignal(false);
  const speed = useSignal<Speed>('normal');
  const zoom = useSignal<Zoom | null>(null);
  const { columns } = inspection;
  useSignalEffect(() => {
    if (!playing.value) return;
    const seq = inspection.seq.value;
    if (seq >= columns.last) {
      playing.value = false;
      return;
    }
    return clock.after(playMs[speed.value], () => inspection.step(1, false));
  });

  inspection.version.value;
  const seq = inspection.seq.value;
  const row = inspection.row.value;
  const live = inspection.cursor.value === null;
  const oldest = Math.min(inspection.oldest.value, columns.first);
  const shown = windowOf(zoom.value, columns, live);
  const change = (factor: number) => {
    zoom.value = zoomBy(shown, factor, seq, columns);
  };
  return (
    <section id="machines-log" class="machines-timeline" aria-label="Timeline">
      <div class="transport">
        <fieldset class="choices" aria-label="Move through the log">
          <Move
            label="First record (Home)"
            path="M3 2.5v7M9.5 2.5 5 6l4.5 3.5Z"
            onClick={() => inspection.goTo(oldest)}
          />
          <Move
            label="Back one record (←)"
            path="M8.5 2.5 4 6l4.5 3.5Z"
            onClick={() => inspection.step(-1, false)}
          />
          <Move
            label={playing.value ? 'Stop playing' : 'Play the log from here'}
            path={playing.value ? 'M3.5 2.5v7M8.5 2.5v7' : 'M3.5 2l6 4-6 4Z'}
            onClick={() => {
              playing.value = !playing.value;
            }}
          />
          <Move
            label="On one record (→)"
            path="M3.5 2.5 8 6l-4.5 3.5Z"
            onClick={() => inspection.step(1, false)}
          />
          <Move
            label="Last record (End)"
            path="M9 2.5v7M2.5 2.5 7 6l-4.5 3.5Z"
            onClick={() => inspection.goTo(columns.last)}
          />
        </fieldset>
        <select
          class="field slim speed"
          aria-label="Speed of playing"
          value={speed}
          onChange={(event) => {
            speed.value = event.currentTarget.value as Speed;
          }}
        >
          <option value="slow">slow</option>
          <option value="normal">normal</option>
          <option value="fast">fast</option>
        </select>
        <input
          type="range"
          class="scrubber"
          style={{
            '--passed': `${columns.last > oldest ? ((seq - oldest) / (columns.last - oldest)) * 100 : 100}%`,
          }}
          aria-label="Position in the log"
          aria-valuetext={`Record ${count(seq)} of ${count(columns.last)}${live ? ', live' : ''}`}
          min={oldest}
          max={Math.max(oldest, columns.last)}
          value={seq}
          onInput={(event) => inspection.goTo(Number(event.currentTarget.value))}
        />
        <p class="position">
          <strong>#{count(seq)}</strong> of {count(columns.last)}
          {row ? <span class="position-time"> · {dayAndTime(row.at)}</span> : null}
        </p>
        <fieldset class="choices" aria-label="Zoom of the lanes">
          <Move label="Show fewer records" path="M2 6h8M6 2v8" onClick={() => change(1 / 2.5)} />
          <Move label="Show more records" path="M2 6h8" onClick={() => change(2.5)} />
        </fieldset>
      </div>
      <LanesView
        inspection={inspection}
        zoom={zoom}
        setZoom={(next) => {
          zoom.value = next;
        }}
      />
      <FilterBar inspection={inspection} id={filterId} />
      <RecordList inspection={inspection} />
    </section>
  );
}

function Move(props: { readonly label: string; readonly path: string; readonly onClick: () => void }) {
  return (
    <button
      type="button"
      class="button slim move"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        <path d={props.path} />
      </svg>
    </button>
  );
}
