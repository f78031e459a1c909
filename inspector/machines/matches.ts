// Which records the list shows and the keys walk through: a filter over the columns, by words, source, lane, state and
// actor. Without a filter it is the whole range and holds nothing; with one, the sequences that match, kept up to date by
// what was added only.
import { isError } from './lanes.ts';
import type { Columns } from './timeline-columns.ts';

/** What is asked for; an absent or empty field asks for nothing. */
export interface Filter {
  /** Part of an event's type, an actor's id or label, or a state; upper and lower case are the same. */
  readonly words: string;
  readonly type: string;
  readonly state: string;
  /** Number of a source, see timeline-columns; null: any. */
  readonly source: number | null;
  readonly errorsOnly: boolean;
  /** Only records of the selected actor. */
  readonly actorOnly: boolean;
}

export const noFilter: Filter = {
  words: '',
  type: '',
  state: '',
  source: null,
  errorsOnly: false,
  actorOnly: false,
};

export function isFiltering(filter: Filter): boolean {
  return (
    filter.words.trim() !== '' ||
    filter.type !== '' ||
    filter.state !== '' ||
    filter.source !== null ||
    filter.errorsOnly ||
    filter.actorOnly
  );
}

/** Sequences in order. `place` answers where the first at or after `seq` stands (`length` if none). */
export interface Matches {
  readonly length: number;
  at(place: number): number;
  place(seq: number): number;
  has(seq: number): boolean;
}

export interface MatchesOptions {
  readonly columns: Columns;
  readonly labelOf: (actor: string) => string;
}

/** Answers the matches of a filter; asked again with the same one, it reads only the rows that are new. */
export function createMatcher({ columns, labelOf }: MatchesOptions) {
  let key = '';
  let older = -1;
  let upTo = 0;
  let found: number[] = [];
  return (filter: Filter, actor: number | undefined): Matches => {
    if (!isFiltering(filter)) return wholeRange(columns);
    const asked = JSON.stringify([filter, filter.actorOnly ? actor : null]);
    if (asked !== key || older !== columns.olderVersion) {
      key = asked;
      older = columns.olderVersion;
      upTo = columns.first - 1;
      found = [];
    }
    if (upTo < columns.last) {
      const test = compile(columns, filter, actor, labelOf);
      columns.scan(upTo + 1, columns.last, (segment, begin, end, seq) => {
        for (let place = begin; place < end; place++)
          if (
            test(segment.actor[place]!, segment.type[place]!, segment.state[place]!, segment.source[place]!)
          )
            found.push(seq + place - begin);
      });
      upTo = columns.last;
    }
    return listed(found);
  };
}

type Test = (actor: number, type: number, state: number, source: number) => boolean;

/** Words are looked up once per name, not once per row. */
function compile(
  columns: Columns,
  filter: Filter,
  actor: number | undefined,
  labelOf: (actor: string) => string,
): Test {
  const words = filter.words.trim().toLowerCase();
  const hits = (list: readonly string[], more?: (name: string) => string) =>
    list.map(
      (name) => name.toLowerCase().includes(words) || more?.(name).toLowerCase().includes(words) === true,
    );
  const actorHits = words === '' ? [] : hits(columns.actors.list, labelOf);
  const typeHits = words === '' ? [] : hits(columns.types.list);
  const stateHits = words === '' ? [] : hits(columns.states.list);
  const type = filter.type === '' ? undefined : (columns.types.find(filter.type) ?? -1);
  const state = filter.state === '' ? undefined : (columns.states.find(filter.state) ?? -1);
  const errors = filter.errorsOnly ? columns.types.list.map(isError) : undefined;
  return (a, t, s, source) =>
    (type === undefined || t === type) &&
    (state === undefined || s === state) &&
    (filter.source === null || source === filter.source) &&
    (!filter.actorOnly || a === actor) &&
    (errors === undefined || errors[t] === true) &&
    (words === '' || typeHits[t] === true || stateHits[s] === true || actorHits[a] === true);
}

function wholeRange(columns: Columns): Matches {
  const { first, last } = columns;
  return {
    length: Math.max(0, last - first + 1),
    at: (place) => first + place,
    place: (seq) => Math.min(Math.max(0, seq - first), Math.max(0, last - first + 1)),
    has: (seq) => seq >= first && seq <= last,
  };
}

function listed(found: readonly number[]): Matches {
  const place = (seq: number) => placeIn(found, seq);
  return {
    length: found.length,
    at: (index) => found[index] ?? 0,
    place,
    has: (seq) => found[place(seq)] === seq,
  };
}

/** Where in a sorted list the first number at or after `wanted` stands. */
export function placeIn(sorted: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
