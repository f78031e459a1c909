// A page of the log's index: who, what, when and where it led for every record, as flat numbers, so that a page in a browser
// can hold 100,000 records and draw them. Texts are sent once per page and named by their place.
import type { JsonObject } from '../../machines/json.ts';
import { TenderError } from '../errors.ts';
import type { Host, Source } from '../host/contract.ts';

/** Rows of one page at most; one of 5,000 is about 110 KB. */
export const timelineMaxRows = 5_000;

/** Sources by their number in a row. */
const sources: readonly Source[] = ['cmd', 'fx', 'tm', 'sys'];

/**
 * The rows after sequence number `after`, one per record, none left out: place in `actors`, n, place in `types`, place in
 * `states`, source, log time (ms: of the first row since 1970, of each other one since the row before, also negative).
 * `first` is the sequence number of the first row: greater than `after` + 1 only where older records are no longer kept.
 */
export async function timelinePage(
  host: Pick<Host, 'status' | 'outlines'>,
  after: number,
  limit: number,
): Promise<JsonObject> {
  const actors = createTable();
  const types = createTable();
  const states = createTable();
  const rows: number[] = [];
  let first: number | undefined;
  let next = after;
  let atBefore = 0;
  for await (const { seq, actor, n, type, state, src, at } of host.outlines({ after, limit })) {
    if (first !== undefined && seq !== next + 1) throw gap(next, seq);
    first ??= seq;
    rows.push(
      actors.place(actor),
      n,
      types.place(type),
      states.place(state),
      sources.indexOf(src),
      at - atBefore,
    );
    atBefore = at;
    next = seq;
  }
  const { lastSeq, oldestSeq } = host.status();
  return {
    oldest: Math.max(oldestSeq, after + 1 < (first ?? 0) ? first! : 0),
    head: Math.max(lastSeq, rows.length > 0 ? next : 0),
    first: first ?? next + 1,
    next,
    more: next < lastSeq,
    actors: actors.texts,
    types: types.texts,
    states: states.texts,
    rows,
  };
}

function createTable() {
  const texts: string[] = [];
  const places = new Map<string, number>();
  return {
    texts,
    place(text: string): number {
      const known = places.get(text);
      if (known !== undefined) return known;
      places.set(text, texts.length);
      return texts.push(text) - 1;
    },
  };
}

function gap(before: number, seq: number): TenderError {
  return new TenderError(
    'TENDER_LOG_BROKEN',
    `Records ${before + 1} to ${seq - 1} are missing. Restart the agent: it sets the broken log aside and rebuilds.`,
  );
}
