// The records of one actor in the columns: from its n to a sequence of the log and back. Cause links, Shift with the arrows
// and the marks of the timeline need it, for the selected actor only; a look through a million rows takes milliseconds.
import { placeIn } from './matches.ts';
import type { Columns } from './timeline-columns.ts';

export interface ActorSeqs {
  /** Sequences of the actor's records that are held, in order. */
  readonly list: readonly number[];
  /** The sequence of its record `n`; undefined when it is not held. */
  seqOf(n: number): number | undefined;
  /** The next one after `seq` in that direction. */
  next(seq: number): number | undefined;
  previous(seq: number): number | undefined;
}

export function createActorSeqs(columns: Columns): (actor: number) => ActorSeqs {
  let known = -1;
  let older = -1;
  let upTo = 0;
  let list: number[] = [];
  return (actor) => {
    if (actor !== known || older !== columns.olderVersion) {
      known = actor;
      older = columns.olderVersion;
      upTo = columns.first - 1;
      list = [];
    }
    columns.scan(upTo + 1, columns.last, (segment, begin, end, seq) => {
      for (let place = begin; place < end; place++)
        if (segment.actor[place] === actor) list.push(seq + place - begin);
    });
    upTo = columns.last;
    const held = list;
    return {
      list: held,
      seqOf(n) {
        // The numbers of an actor are without gaps, so its place follows from its first.
        const first = held[0] === undefined ? undefined : columns.row(held[0])?.n;
        return first === undefined || n < first ? undefined : held[n - first];
      },
      next: (seq) => held[placeIn(held, seq + 1)],
      previous: (seq) => held[placeIn(held, seq) - 1],
    };
  };
}
