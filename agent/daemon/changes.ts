// Which uploads changed after which record, for as far back as a live listener needs: a ring of the last few thousand
// records, so that pages that follow along read nothing from disk. Who is further behind reads the log (api/feed.ts).
import type { Host, Rec } from '../host/contract.ts';

/** Records of uploads remembered: four seconds at 1,000 events/s, 0.6 MB. */
const ringMaxRecords = 4_096;

export interface Changes {
  /** Number of the last record that everybody may see. */
  readonly head: number;
  /**
   * Distinct uploads changed after `cursor`, at most `idsMax` of them, and how far that reaches. Undefined: the cursor is
   * further back than this remembers.
   */
  after(
    cursor: number,
    idsMax: number,
  ): { readonly upTo: number; readonly ids: readonly string[] } | undefined;
  /** Told at each record, after `after` knows it. */
  listen(listener: (record: Rec) => void): () => void;
  stop(): void;
}

/** Before host.open(): no record may be missed. */
export function createChanges(host: Pick<Host, 'tail'>, ringMax = ringMaxRecords): Changes {
  const ids: string[] = [];
  const seqs = new Float64Array(ringMax);
  /** Absolute: entry i lies at i % ringMax. */
  let first = 0;
  let end = 0;
  let head = 0;
  /** Everything after this record is in the ring. */
  let coveredFrom: number | undefined;
  const listeners = new Set<(record: Rec) => void>();

  const untail = host.tail((record) => {
    coveredFrom ??= record.seq - 1;
    head = record.seq;
    if (record.actor.startsWith('upload/')) {
      if (end - first === ringMax) {
        coveredFrom = seqs[first % ringMax]!;
        first += 1;
      }
      seqs[end % ringMax] = record.seq;
      ids[end % ringMax] = record.actor.slice('upload/'.length);
      end += 1;
    }
    for (const listener of listeners) listener(record);
  });

  /** The first entry behind a record. */
  function placeAfter(cursor: number): number {
    let low = first;
    let high = end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (seqs[middle % ringMax]! <= cursor) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get head() {
      return head;
    },
    after(cursor, idsMax) {
      if (coveredFrom === undefined || cursor < coveredFrom) return undefined;
      const found = new Set<string>();
      let upTo = head;
      for (let at = placeAfter(cursor); at < end; at++) {
        const id = ids[at % ringMax]!;
        if (found.size === idsMax && !found.has(id)) {
          upTo = seqs[at % ringMax]! - 1;
          break;
        }
        found.add(id);
      }
      return { upTo, ids: [...found] };
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: untail,
  };
}
