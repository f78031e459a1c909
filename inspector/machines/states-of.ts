// The actors as they were at one moment, for the list: from the row of each one's last record up to then; for those
// without such a row, from what is known of them, or not at all if they came later.
import type { TreeActor } from './actor-tree.ts';
import type { KnownActors } from './known-actors.ts';
import { type Columns, segmentRows } from './timeline-columns.ts';

/**
 * Answers the actors at a moment; `last`: for each place of an actor the sequence of its last record up to `seq`
 * (states-at.ts). Those that stand as they stood before are the same objects, so a moved cursor costs no garbage.
 */
export function createActorsAt(
  columns: Columns,
  known: KnownActors,
): (last: Uint32Array, seq: number) => readonly TreeActor[] {
  const withRows: TreeActor[] = [];
  let without: TreeActor[] = [];
  let knownVersion = -1;
  let rows = -1;
  return (last, seq) => {
    const { list } = columns.actors;
    const relabel = knownVersion !== known.version;
    for (let place = 0; place < list.length; place++) {
      const was = withRows[place];
      const state = stateAt(columns, place, last[place] ?? 0);
      if (was && was.state === state && !relabel) continue;
      const actor = list[place]!;
      withRows[place] = { place, actor, kind: kindOf(actor), label: known.labelOf(actor), state };
    }
    // Actors without a row: nothing happened to them in all that is held, so they stand as they stood; before that, who knows.
    if (relabel || rows !== list.length) {
      without = [];
      for (const { actor, kind, label, state } of known.all())
        if (columns.actors.find(actor) === undefined) without.push({ place: -1, actor, kind, label, state });
    }
    knownVersion = known.version;
    rows = list.length;
    const unrowed = seq >= columns.first ? without : without.map((actor) => ({ ...actor, state: '' }));
    return [...withRows.toReversed(), ...unrowed];
  };
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
