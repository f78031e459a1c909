// What one actor was after its record n: its cell, the cell before, the record and what it made the host do. Records are
// fetched in windows of 256 with the cell before the first, folded by machines/travel.ts and kept up to a number of bytes.
import { createTravel, type Travel, type Moment as TravelMoment } from '../../machines/travel.ts';
import type { HistorySource, WireRecord } from './source.ts';

/** Records of one window; it begins at a multiple of this plus one. */
export const windowRecords = 256;
/** Memory for windows, estimated from the text of their records; the one not used for longest goes first. */
export const windowsMaxBytes = 24 * 1_024 * 1_024;
/** A record in memory takes about this many times its text, with its share of the folded cells. */
const bytesPerCharacter = 4;

export type Moment = TravelMoment<WireRecord>;

interface Window {
  readonly travel: Travel<WireRecord>;
  bytes: number;
}

export interface Moments {
  /** At once, if its window is here. */
  peek(actor: string, n: number): Moment | undefined;
  /** Throws what the source throws. Records that do not fold are told as `unfolded` of the moment. */
  load(actor: string, n: number, signal?: AbortSignal): Promise<Moment>;
  /** A live record: added to its window if that is here and ends right before it. */
  add(record: WireRecord): void;
}

export function createMoments(
  source: Pick<HistorySource, 'records' | 'base' | 'actor'>,
  maxBytes = windowsMaxBytes,
): Moments {
  const windows = new Map<string, Window>();
  const loading = new Map<string, Promise<Window>>();
  let bytes = 0;

  const keyOf = (actor: string, n: number) => `${actor} ${Math.floor((n - 1) / windowRecords)}`;
  const keep = (key: string, window: Window) => {
    forget(key);
    windows.set(key, window);
    bytes += window.bytes;
    for (const oldest of windows.keys()) {
      if (bytes <= maxBytes || oldest === key) break;
      forget(oldest);
    }
  };
  const forget = (key: string) => {
    bytes -= windows.get(key)?.bytes ?? 0;
    windows.delete(key);
  };
  const fetchWindow = async (actor: string, n: number, signal?: AbortSignal): Promise<Window> => {
    const start = Math.floor((n - 1) / windowRecords) * windowRecords;
    let after = start;
    let base = start === 0 ? null : await source.base(actor, start, signal);
    if (start > 0 && base === null) {
      // Trimmed: history begins somewhere in this window, behind the cell that was kept in its place.
      after = Math.max(start, (await source.actor(actor, signal)).oldestN - 1);
      base = after === 0 ? null : await source.base(actor, after, signal);
    }
    const records = await source.records(actor, after, start + windowRecords - after, signal);
    const first = records[0]?.n ?? 1;
    if (base === null && first > 1) {
      // The very first window, and its beginning is trimmed, or a saved slice begins in it.
      after = first - 1;
      base = await source.base(actor, after, signal);
    }
    const travel = createTravel<WireRecord>(
      kindOf(actor),
      actor,
      base === null ? undefined : { n: after, cell: base },
    );
    travel.add(records);
    return { travel, bytes: records.reduce((sum, record) => sum + sizeOf(record), 0) };
  };

  const peek = (actor: string, n: number): Moment | undefined => {
    const key = keyOf(actor, n);
    const window = windows.get(key);
    if (!window) return undefined;
    windows.delete(key);
    windows.set(key, window);
    return window.travel.at(n);
  };
  return {
    peek,
    async load(actor, n, signal) {
      const here = peek(actor, n);
      if (here) return here;
      const key = keyOf(actor, n);
      // One request serves all who wait for the same window.
      let pending = loading.get(key);
      if (!pending) {
        pending = fetchWindow(actor, n, signal).finally(() => loading.delete(key));
        loading.set(key, pending);
      }
      const window = await pending;
      keep(key, window);
      const moment = window.travel.at(n);
      if (!moment) throw new Error(`Record ${n} of ${actor} is not in this history.`);
      return moment;
    },
    add(record) {
      const key = keyOf(record.actor, record.n);
      const window = windows.get(key);
      if (window) {
        if (record.n <= window.travel.lastN) return;
        if (window.travel.add([record]).missing !== null) return forget(key);
        window.bytes += sizeOf(record);
        bytes += sizeOf(record);
        return;
      }
      if ((record.n - 1) % windowRecords !== 0 || record.n === 1) return;
      const before = peek(record.actor, record.n - 1);
      if (!before || before.unfolded) return;
      const base = { n: record.n - 1, cell: before.cell };
      const travel = createTravel<WireRecord>(kindOf(record.actor), record.actor, base);
      travel.add([record]);
      keep(key, { travel, bytes: sizeOf(record) });
    },
  };
}

function kindOf(actor: string): string {
  return actor.slice(0, actor.indexOf('/'));
}

function sizeOf(record: WireRecord): number {
  return JSON.stringify(record.event).length * bytesPerCharacter + 500;
}
