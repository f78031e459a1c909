// Which state was every actor in at one moment? For each actor the sequence of its last record up to then: the row there
// tells state, n and time. Snapshots each 4,096 records keep a jump anywhere within milliseconds. The list of actors and
// the page's selection read it.
import { type Columns, segmentRows } from './timeline-columns.ts';

/** Memory for snapshots; the one not used for longest goes first, the walk to the next is then longer. */
export const snapshotsMaxBytes = 32 * 1_024 * 1_024;

export interface StatesAt {
  /**
   * Place of actor → sequence of its last record up to `seq`, 0: none is held. The same array is used again by the next
   * call: read it before.
   */
  at(seq: number): Uint32Array;
}

export function createStatesAt(columns: Columns, maxBytes = snapshotsMaxBytes): StatesAt {
  /** By segment: the array as it was before the segment's first row. */
  const snapshots = new Map<number, Uint32Array>();
  let bytes = 0;
  let older = columns.olderVersion;
  let current = new Uint32Array(1_024);
  let currentSeq = 0;

  const room = () => {
    const need = columns.actors.list.length;
    if (current.length >= need) return;
    const larger = new Uint32Array(Math.max(need, current.length * 2));
    larger.set(current);
    current = larger;
  };
  const forget = () => {
    snapshots.clear();
    bytes = 0;
    current.fill(0);
    currentSeq = columns.first - 1;
    older = columns.olderVersion;
  };
  const keep = (index: number) => {
    if (snapshots.has(index)) return;
    const copy = current.slice(0, columns.actors.list.length);
    snapshots.set(index, copy);
    bytes += copy.byteLength;
    for (const [oldest, array] of snapshots) {
      if (bytes <= maxBytes || oldest === index) break;
      snapshots.delete(oldest);
      bytes -= array.byteLength;
    }
  };
  /** The newest snapshot at or before a segment. */
  const nearest = (index: number): number | undefined => {
    const lowest = Math.floor(columns.first / segmentRows);
    for (let at = index; at > lowest; at--) if (snapshots.has(at)) return at;
    return undefined;
  };

  return {
    at(wanted) {
      if (older !== columns.olderVersion) forget();
      room();
      const seq = Math.min(wanted, columns.last);
      const index = Math.floor(seq / segmentRows);
      const from = nearest(index);
      const start = from === undefined ? columns.first - 1 : from * segmentRows - 1;
      if (seq < currentSeq || start > currentSeq) {
        const snapshot = from === undefined ? undefined : snapshots.get(from);
        current.fill(0);
        if (snapshot && from !== undefined) {
          current.set(snapshot);
          snapshots.delete(from);
          snapshots.set(from, snapshot);
        }
        currentSeq = start;
      }
      columns.scan(currentSeq + 1, seq, ({ actor }, begin, end, first) => {
        if (begin === 0) keep(Math.floor(first / segmentRows));
        for (let place = begin; place < end; place++) current[actor[place]!] = first + place - begin;
      });
      currentSeq = Math.max(seq, columns.first - 1);
      return current;
    },
  };
}
