// The four lanes of the timeline: what went well, what happened, what time brought, what failed. Each record stands in one
// of them; zoomed out, a column of pixels tells how many. The canvas and the list's marks ask here.
import type { Columns } from './timeline-columns.ts';

export const lanes = ['done', 'event', 'timer', 'error'] as const;
export type Lane = (typeof lanes)[number];

const errorEnding = /(failed|lost|vanished|unreadable|tripped|incomplete|denied|broken|degraded)$/i;

/** Does an event of this type tell of a failure? */
export function isError(type: string): boolean {
  return errorEnding.test(type);
}

/** The lane of one record; `source` as in timeline-columns. */
export function laneOf(type: string, source: number): Lane {
  if (isError(type)) return 'error';
  return source === 1 ? 'done' : source === 2 ? 'timer' : 'event';
}

/** How many records of each lane fall into each of `width` equal parts of a range, and how many of one actor's. */
export interface Density {
  readonly width: number;
  /** Lane by lane, `width` counts each. */
  readonly all: Uint32Array;
  readonly ofActor: Uint32Array;
  /** The largest count in `all`. */
  readonly most: number;
}

/** Counts a range of the log (inclusive). `keeps`: which rows count, by sequence; undefined: all. */
export function densityOf(
  columns: Columns,
  range: { readonly from: number; readonly to: number },
  width: number,
  actor: number | undefined,
  keeps?: (seq: number) => boolean,
): Density {
  const all = new Uint32Array(width * lanes.length);
  const ofActor = new Uint32Array(width * lanes.length);
  const laneByType = new Int8Array(columns.types.list.length);
  for (let type = 0; type < laneByType.length; type++)
    laneByType[type] = isError(columns.types.list[type]!) ? 3 : -1;
  const laneBySource = [1, 0, 2, 1];
  const scale = width / (range.to - range.from + 1);
  let most = 0;
  columns.scan(range.from, range.to, (segment, begin, end, first) => {
    for (let place = begin; place < end; place++) {
      const seq = first + place - begin;
      if (keeps && !keeps(seq)) continue;
      const errorLane = laneByType[segment.type[place]!]!;
      const lane = errorLane >= 0 ? errorLane : laneBySource[segment.source[place]!]!;
      const cell = lane * width + Math.min(width - 1, Math.floor((seq - range.from) * scale));
      const count = ++all[cell]!;
      if (count > most) most = count;
      if (segment.actor[place] === actor) ofActor[cell]!++;
    }
  });
  return { width, all, ofActor, most };
}
