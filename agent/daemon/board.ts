// The queue at a glance, without reading it: for each upload not yet ended its state, priority, age and bytes left, in the
// order in which they go, and how many are in which state. Filled by one pass over the host's rows at the start, paced so
// that it delays no effect, and kept by the records after it. 100,000 uploads take about 8 MB; ended ones are only counted.
import type { Host } from '../host/contract.ts';
import type { Clock } from '../ports.ts';
import { BoardIds } from './board-ids.ts';
import { createBoardPass } from './board-pass.ts';
import { type Seen, seenInRecord } from './board-seen.ts';
import { Ranked } from './ranked.ts';
import { finalStates } from './upload-json.ts';

const states: readonly string[] = [
  'sighted',
  'settling',
  'sending',
  'confirming',
  'waiting',
  'paused',
  'parked',
  'stored',
];
/** They want the line, or have it. */
const inLine: readonly string[] = ['sending', 'confirming'];

/** The last that ended: a receipt is written when the last effect of an upload is over, some moments after. */
const leavingMax = 256;

/** Where a walk goes on: behind this upload. */
export interface BoardPlace {
  readonly priority: number;
  readonly addedMs: number;
  readonly id: string;
}

export interface InLine {
  /** The next to go is 1. */
  readonly order: number;
  /** How many of those before it do not run yet. */
  readonly waitingAhead: number;
  /** Null: the size of some of them is not known. */
  readonly bytesAhead: number | null;
}

export interface Board {
  /** After host.open(): begins the pass. */
  start(): void;
  stop(): void;
  /** Hurries the pass and resolves when it is over, or has failed for now: then what is known is told. */
  settled(): Promise<void>;
  /** How many uploads are in which state, the ended ones included. */
  states(): Readonly<Record<string, number>>;
  /** Bytes of all that want the line; null: the size of some is not known. */
  bytesInLine(): number | null;
  /** Place in the line; undefined: it wants nothing of it. */
  place(id: string): InLine | undefined;
  /** Those on their way or aside, in the order they will go. */
  onTheirWay(after?: BoardPlace): Iterable<BoardPlace & { readonly state: string }>;
  /**
   * Stored and not yet indexed, and the last that ended (their receipts may not be written yet), newest first: at most `most` of
   * them, as they stand now, whatever happens to them while somebody reads the answer.
   */
  ended(most: number, before?: string): readonly { readonly id: string; readonly state: string }[];
}

export function createBoard(ports: {
  readonly host: Pick<Host, 'glances' | 'tail'>;
  readonly clock: Clock;
  /** Actors whose effects run now. */
  running(): Iterable<string>;
}): Board {
  const ids = new BoardIds();
  let stateOf = new Uint8Array(1_024);
  let priority = new Uint8Array(1_024);
  let addedMs = new Float64Array(1_024);
  let sizeBytes = new Float64Array(1_024);
  let durableBytes = new Float64Array(1_024);
  let recordN = new Uint32Array(1_024);
  const counts = new Array<number>(states.length).fill(0);
  let finals: Record<string, number> = {};
  let unsized = 0;
  const leaving = new Map<string, string>();

  const byUrgency = (a: number, b: number) =>
    priority[a]! - priority[b]! || addedMs[a]! - addedMs[b]! || ids.compare(a, b);
  const leftOf = (each: number) =>
    Number.isNaN(sizeBytes[each]) ? 0 : Math.max(0, sizeBytes[each]! - durableBytes[each]!);
  const way = new Ranked(byUrgency);
  const line = new Ranked(byUrgency, leftOf);
  const stored = new Ranked((a, b) => ids.compare(b, a));

  function list(each: number): void {
    const state = states[stateOf[each]!]!;
    counts[stateOf[each]!]! += 1;
    (state === 'stored' ? stored : way).add(each);
    if (!inLine.includes(state)) return;
    line.add(each);
    if (Number.isNaN(sizeBytes[each])) unsized += 1;
  }

  function unlist(each: number): void {
    const state = states[stateOf[each]!]!;
    counts[stateOf[each]!]! -= 1;
    (state === 'stored' ? stored : way).remove(each);
    if (!inLine.includes(state)) return;
    line.remove(each);
    if (Number.isNaN(sizeBytes[each])) unsized -= 1;
  }

  function grow(): void {
    if (stateOf.length >= ids.capacity) return;
    stateOf = grown(stateOf, new Uint8Array(ids.capacity));
    priority = grown(priority, new Uint8Array(ids.capacity));
    addedMs = grown(addedMs, new Float64Array(ids.capacity));
    sizeBytes = grown(sizeBytes, new Float64Array(ids.capacity));
    durableBytes = grown(durableBytes, new Float64Array(ids.capacity));
    recordN = grown(recordN, new Uint32Array(ids.capacity));
  }

  function insert(id: string, seen: Seen): void {
    if (!states.includes(seen.state)) return;
    const each = ids.add(id);
    grow();
    recordN[each] = seen.n;
    stateOf[each] = states.indexOf(seen.state);
    priority[each] = seen.priority ?? 5;
    addedMs[each] = seen.addedMs ?? 0;
    sizeBytes[each] = seen.sizeBytes ?? Number.NaN;
    durableBytes[each] = seen.durableBytes ?? 0;
    list(each);
  }

  function update(each: number, id: string, seen: Seen): void {
    if (seen.n <= recordN[each]!) return;
    unlist(each);
    recordN[each] = seen.n;
    if (finalStates.includes(seen.state)) {
      ids.remove(id);
      ended(seen.state, id);
      return;
    }
    stateOf[each] = states.indexOf(seen.state);
    if (seen.priority !== undefined) priority[each] = seen.priority;
    if (seen.sizeBytes !== undefined) sizeBytes[each] = seen.sizeBytes;
    if (seen.durableBytes !== undefined) durableBytes[each] = seen.durableBytes;
    list(each);
  }

  function ended(state: string, id: string): void {
    finals[state] = (finals[state] ?? 0) + 1;
    pass.ended(id, state);
    leaving.set(id, state);
    if (leaving.size > leavingMax) leaving.delete(leaving.keys().next().value!);
  }

  const pass = createBoardPass({
    ...ports,
    knows: (id) => ids.find(id) >= 0,
    insert,
    /** What it counted replaces what was counted before. */
    finished: (counted) => {
      finals = counted;
    },
  });

  const untail = ports.host.tail((record) => {
    if (record.event.type === 'receipts.trimmed') pass.again();
    if (!record.actor.startsWith('upload/')) return;
    const id = record.actor.slice('upload/'.length);
    if (!BoardIds.fits(id)) return;
    const seen = seenInRecord(record);
    const each = ids.find(id);
    if (each >= 0) update(each, id, seen);
    else if (record.n === 1) insert(id, seen);
    else pass.missed(id, seen);
  });

  const placed = (each: number) => ({
    priority: priority[each]!,
    addedMs: addedMs[each]!,
    id: ids.id(each),
    state: states[stateOf[each]!]!,
  });

  return {
    start: pass.start,
    stop() {
      untail();
      pass.stop();
    },
    settled: pass.settled,
    states() {
      const all: Record<string, number> = {};
      for (const [index, state] of states.entries()) if (counts[index]! > 0) all[state] = counts[index]!;
      for (const [state, count] of Object.entries(finals)) if (count > 0) all[state] = count;
      return all;
    },
    bytesInLine: () => (unsized > 0 ? null : line.weight()),
    place(id) {
      const each = ids.find(id);
      if (each < 0 || !inLine.includes(states[stateOf[each]!]!)) return undefined;
      const { count, weight } = line.before(each);
      let runningAhead = 0;
      for (const actor of ports.running()) {
        const other = ids.find(actor.slice('upload/'.length));
        if (
          other >= 0 &&
          other !== each &&
          inLine.includes(states[stateOf[other]!]!) &&
          byUrgency(other, each) < 0
        )
          runningAhead += 1;
      }
      return {
        order: count + 1,
        waitingAhead: count - runningAhead,
        bytesAhead: unsized > 0 ? null : weight,
      };
    },
    *onTheirWay(after) {
      const behind = (each: number) =>
        after === undefined ||
        (priority[each]! - after.priority ||
          addedMs[each]! - after.addedMs ||
          (ids.id(each) > after.id ? 1 : -1)) > 0;
      for (const each of way.walk(behind)) yield placed(each);
    },
    ended(most, before) {
      const isBefore = (id: string) => before === undefined || id < before;
      const last = [...leaving].filter(([id]) => isBefore(id)).sort(([a], [b]) => (a < b ? 1 : -1));
      const all: { readonly id: string; readonly state: string }[] = [];
      for (const each of stored.walk((other) => isBefore(ids.id(other)))) {
        if (all.length >= most) break;
        const id = ids.id(each);
        while (last[0] !== undefined && last[0][0] > id) {
          const [other, state] = last.shift()!;
          all.push({ id: other, state });
        }
        all.push({ id, state: 'stored' });
      }
      for (const [id, state] of last) all.push({ id, state });
      return all.slice(0, most);
    },
  };
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
