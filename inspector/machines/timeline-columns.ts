// The whole log's index in columns: for each sequence the actor, its n, type, state, source and time, 21 bytes a row. It
// grows at its end by live records and at its beginning by older pages, and is one range without gaps. Lanes, list, filter
// and the states of all actors read it; what an event held is fetched per actor (actor-windows.ts).
import type { TimelinePage, WireRecord } from './source.ts';

/** Rows of one segment; segments begin at fixed sequences, so that the columns can grow at both ends. */
export const segmentRows = 4_096;
/** Rows kept in the browser, about 21 MB; the oldest go first. Older moments: a bundle, or `tender log`. */
export const rowsKeptMax = 1_000_000;

/** Where an event came from, by the number its row holds. */
export const sources = ['cmd', 'fx', 'tm', 'sys'] as const;

/** One row, read out. `actor`, `type` and `state` are places in the columns' names. */
export interface Row {
  readonly seq: number;
  readonly actor: number;
  readonly n: number;
  readonly type: number;
  readonly state: number;
  readonly source: number;
  /** Log time, ms. */
  readonly at: number;
}

/** 4,096 rows from the sequence `index * segmentRows` on; those outside first…last are not filled. */
export interface Segment {
  readonly actor: Uint32Array;
  readonly n: Uint32Array;
  readonly type: Uint16Array;
  readonly state: Uint16Array;
  readonly source: Uint8Array;
  readonly at: Float64Array;
}

/** A list of names in which each stands once. */
export interface Names {
  readonly list: readonly string[];
  /** Its place, given now if it had none. */
  place(name: string): number;
  find(name: string): number | undefined;
}

export interface Columns {
  readonly actors: Names;
  readonly types: Names;
  readonly states: Names;
  /** First and last sequence held; `first > last`: none. */
  readonly first: number;
  readonly last: number;
  /** Grows with every change; and with every change at the beginning. */
  readonly version: number;
  readonly olderVersion: number;
  /** The first sequence held of an actor; 0: none. */
  firstOf(actor: number): number;
  segment(seq: number): Segment;
  row(seq: number): Row | undefined;
  /** Visits the segments between two sequences (inclusive) with the range of places to read in each. */
  scan(
    from: number,
    to: number,
    visit: (segment: Segment, begin: number, end: number, seq: number) => void,
  ): void;
  /** A page of rows `after + 1 …`. It must touch or overlap what is held; answers false, and takes nothing, if not. */
  addPage(after: number, page: Pick<TimelinePage, 'actors' | 'types' | 'states' | 'rows'>): boolean;
  /** Live records, in order. Those held already are skipped; false at a gap. */
  append(records: readonly WireRecord[]): boolean;
}

const rowNumbers = 6;

export function createColumns(keptMax = rowsKeptMax): Columns {
  const actors = createNames();
  const types = createNames();
  const states = createNames();
  const segments = new Map<number, Segment>();
  const firstSeqs: number[] = [];
  let first = 1;
  let last = 0;
  let version = 0;
  let olderVersion = 0;

  const isEmpty = () => last < first;
  const segmentAt = (seq: number): Segment => {
    const index = Math.floor(seq / segmentRows);
    let segment = segments.get(index);
    if (!segment) {
      segment = createSegment();
      segments.set(index, segment);
    }
    return segment;
  };
  const write = (seq: number, row: Omit<Row, 'seq'>) => {
    const segment = segmentAt(seq);
    const place = seq % segmentRows;
    segment.actor[place] = row.actor;
    segment.n[place] = row.n;
    segment.type[place] = row.type;
    segment.state[place] = row.state;
    segment.source[place] = row.source;
    segment.at[place] = row.at;
    const known = firstSeqs[row.actor];
    if (known === undefined || known > seq) firstSeqs[row.actor] = seq;
  };
  const drop = () => {
    const before = first;
    while (last - first + 1 > keptMax) {
      const index = Math.floor(first / segmentRows);
      if (index === Math.floor(last / segmentRows)) break;
      segments.delete(index);
      first = (index + 1) * segmentRows;
    }
    if (first === before) return;
    olderVersion++;
    firstSeqs.length = 0;
    scan(first, last, ({ actor }, begin, end, seq) => {
      for (let place = begin; place < end; place++) firstSeqs[actor[place]!] ??= seq + place - begin;
    });
  };
  const scan: Columns['scan'] = (from, to, visit) => {
    let seq = Math.max(from, first);
    const stop = Math.min(to, last);
    while (seq <= stop) {
      const begin = seq % segmentRows;
      const end = Math.min(segmentRows, begin + stop - seq + 1);
      visit(segmentAt(seq), begin, end, seq);
      seq += end - begin;
    }
  };

  return {
    actors,
    types,
    states,
    get first() {
      return first;
    },
    get last() {
      return last;
    },
    get version() {
      return version;
    },
    get olderVersion() {
      return olderVersion;
    },
    firstOf: (actor) => firstSeqs[actor] ?? 0,
    segment: segmentAt,
    row(seq) {
      if (seq < first || seq > last) return undefined;
      const { actor, n, type, state, source, at } = segmentAt(seq);
      const place = seq % segmentRows;
      return {
        seq,
        actor: actor[place]!,
        n: n[place]!,
        type: type[place]!,
        state: state[place]!,
        source: source[place]!,
        at: at[place]!,
      };
    },
    scan,
    addPage(after, page) {
      const count = Math.floor(page.rows.length / rowNumbers);
      if (count === 0) return true;
      if (!isEmpty() && (after > last || after + count + 1 < first)) return false;
      const actorAt = page.actors.map(actors.place);
      const typeAt = page.types.map(types.place);
      const stateAt = page.states.map(states.place);
      let at = 0;
      for (let index = 0; index < count; index++) {
        const [actor, n, type, state, source, later] = page.rows.slice(
          index * rowNumbers,
          (index + 1) * rowNumbers,
        ) as [number, number, number, number, number, number];
        at += later;
        write(after + 1 + index, {
          actor: actorAt[actor]!,
          n,
          type: typeAt[type]!,
          state: stateAt[state]!,
          source,
          at,
        });
      }
      if (isEmpty()) {
        first = after + 1;
        last = after + count;
      } else {
        if (after + 1 < first) {
          first = after + 1;
          olderVersion++;
        }
        last = Math.max(last, after + count);
      }
      drop();
      version++;
      return true;
    },
    append(records) {
      for (const record of records) {
        if (!isEmpty() && record.seq <= last) continue;
        if (!isEmpty() && record.seq !== last + 1) return false;
        if (isEmpty()) first = record.seq;
        write(record.seq, {
          actor: actors.place(record.actor),
          n: record.n,
          type: types.place(record.type),
          state: states.place(record.state),
          source: Math.max(0, (sources as readonly string[]).indexOf(record.src)),
          at: record.at,
        });
        last = record.seq;
        version++;
      }
      drop();
      return true;
    },
  };
}

function createSegment(): Segment {
  return {
    actor: new Uint32Array(segmentRows),
    n: new Uint32Array(segmentRows),
    type: new Uint16Array(segmentRows),
    state: new Uint16Array(segmentRows),
    source: new Uint8Array(segmentRows),
    at: new Float64Array(segmentRows),
  };
}

function createNames(): Names {
  const list: string[] = [];
  const places = new Map<string, number>();
  return {
    list,
    place(name) {
      let place = places.get(name);
      if (place === undefined) {
        place = list.push(name) - 1;
        places.set(name, place);
      }
      return place;
    },
    find: (name) => places.get(name),
  };
}
