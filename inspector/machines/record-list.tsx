// Bottom: the records around the cursor, one line each, with what kind of thing happened, to whom, where it led, and the
// record that caused it.
import { useComputed } from '@preact/signals';
import type { Inspection } from './inspection.ts';
import { type Lane, laneOf } from './lanes.ts';
import { VirtualRows } from './virtual-rows.tsx';
import { count, dayAndTime, timeOfDay } from './words.ts';

const rowPx = 27;

const marks: { readonly [lane in Lane]: string } = {
  done: 'm2 6.5 2.8 3L10 3',
  event: 'M6 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7',
  timer: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M6 3.5V6l2 1.5',
  error: 'm2.8 2.8 6.4 6.4M9.2 2.8 2.8 9.2',
};

export function RecordList({ inspection }: { readonly inspection: Inspection }) {
  const { columns } = inspection;
  const current = useComputed(() => {
    const list = inspection.matches.value;
    const place = list.place(inspection.seq.value);
    return list.has(inspection.seq.value) ? place : -1;
  });
  const list = inspection.matches.value;
  const selected = inspection.actor.value;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (by === undefined || event.shiftKey) return;
    event.preventDefault();
    const from = current.value < 0 ? list.place(inspection.seq.value) : current.value;
    const place = Math.max(0, Math.min(list.length - 1, from + by));
    if (list.length > 0) inspection.goTo(list.at(place));
  };
  return (
    <VirtualRows
      id="record-rows"
      role="listbox"
      label={`${count(list.length)} records`}
      length={list.length}
      rowPx={rowPx}
      current={current.value}
      onKeyDown={onKeyDown}
      empty={inspection.phase.value.is === 'opening' ? 'Loading …' : 'No record is like that.'}
      row={(place, id, style) => {
        const row = columns.row(list.at(place));
        if (!row) return null;
        const type = columns.types.list[row.type] ?? '';
        const actor = columns.actors.list[row.actor] ?? '';
        const lane = laneOf(type, row.source);
        const here = row.seq === inspection.seq.value;
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it takes the keys
          <div
            key={row.seq}
            id={id}
            style={style}
            class={`item record-row lane-${lane}${here ? ' here' : ''}${actor === selected ? ' own' : ''}`}
            role="option"
            tabIndex={-1}
            aria-selected={here}
            aria-setsize={list.length}
            aria-posinset={place + 1}
            title={dayAndTime(row.at)}
            onClick={() => {
              inspection.goTo(row.seq);
              if (columns.actors.list[row.actor] !== selected) inspection.select(actor);
            }}
          >
            <span class="record-seq">#{row.seq}</span>
            <span class="record-time">{timeOfDay(row.at)}</span>
            <span class="record-what">
              <svg class="lane-mark" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
                <path d={marks[lane]} />
              </svg>
              <span class="aloud">{lane}: </span>
              {type}
            </span>
            <span class="record-state">→ {columns.states.list[row.state]}</span>
            <span class="record-actor">{inspection.known.labelOf(actor)}</span>
            <span class="record-cause">
              {actor === selected ? causeWords(inspection, actor, row.n) : null}
            </span>
          </div>
        );
      }}
    />
  );
}

/** What the record names as its cause, if it is here. */
function causeWords(inspection: Inspection, actor: string, n: number): string | null {
  const event = inspection.moments.peek(actor, n)?.record?.event;
  if (typeof event?.fx === 'string') {
    const seq = inspection.actorSeqs.value?.seqOf(Number(event.fx.split('.', 1)[0]));
    return seq === undefined ? `↰ effect ${event.fx}` : `↰ #${seq}`;
  }
  return typeof event?.timer === 'string' ? `↰ timer ${event.timer}` : null;
}
