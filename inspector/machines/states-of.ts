// The actors as they were at one moment, for the list: from the row of each one's last record up to then; for those
// without such a row, from what is known of them, or not at all if they came later.
import type { TreeActor } from './actor-tree.ts';
import type { KnownActors } from './known-actors.ts';
import { type Columns, segmentRows } from './timeline-columns.ts';

/** `last`: for each place of an actor the sequence of its last record up to `seq` (states-at.ts). */
export function* actorsAt(
  columns: Columns,
  known: KnownActors,
  last: Uint32Array,
  seq: number,
): Iterable<TreeActor> {
  const { list } = columns.actors;
  for (let place = list.length - 1; place >= 0; place--) {
    const actor = list[place]!;
    yield {
      place,
      actor,
      kind: kindOf(actor),
      label: known.labelOf(actor),
      state: stateAt(columns, place, last[place] ?? 0),
    };
  }
  // Actors without a row: nothing happened to them in all that is held, so they stand as they stood; before that, who knows.
  const isHeld = seq >= columns.first;
  for (const item of known.all()) {
    if (columns.actors.find(item.actor) !== undefined) continue;
    yield {
      place: -1,
      actor: item.actor,
      kind: item.kind,
      label: item.label,
      state: isHeld ? item.state : '',
    };
  }
}

/** Null: not born yet. Empty: it was there, its state is not known. */
export function stateAt(columns: Columns, place: number, lastSeq: number): string | null {
  if (lastSeq > 0) return columns.states.list[columns.segment(lastSeq).state[rowOf(lastSeq)]!] ?? '';
  const first = columns.row(columns.firstOf(place));
  return first === undefined || first.n > 1 ? '' : null;
}

export function kindOf(actor: string): string {
  return actor.slice(0, Math.max(0, actor.indexOf('/')));
}

function rowOf(seq: number): number {
  return seq % segmentRows;
}
