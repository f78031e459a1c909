// What a bundle is made from: a log that can be read in order, and the cells behind its beginning. The running daemon gives
// one through its API, a stopped one through its database, the simulator from its fake disk.
import type { BundleBase, SavedRecord } from '../../machines/bundle.ts';

export interface StandingActor {
  readonly actor: string;
  readonly n: number;
  readonly state: string;
}

export interface LogSource {
  readonly logId: string;
  /** Log time at its end, ms; of a running agent: now. */
  readonly nowMs: number;
  /** First and last sequence that is kept; `head` 0: nothing was ever recorded. Of a running agent `actors` moves it on. */
  readonly oldest: number;
  readonly head: number;
  /** Records with `after < seq <= upTo`, in order. */
  records(after: number, upTo: number): AsyncIterable<SavedRecord>;
  /** The actor's cell as it was after its record `n`; undefined where that is older than what is kept. */
  base(actor: string, n: number): Promise<BundleBase | undefined>;
  /** Every actor whose work is not over. */
  actors(): AsyncIterable<StandingActor>;
  /** One actor's records after its record `n`, in order. */
  ofActor(actor: string, n: number): AsyncIterable<SavedRecord>;
  /** Actors whose id holds this text, in any case of letters; at most `foundMax`. */
  find(text: string): Promise<readonly string[]>;
}

/** More than this nobody reads: the answer is "too many". */
export const foundMax = 10;

/** The first sequence whose record is not older than `at` (log time, ms): halving, about 17 reads for 100,000 records. */
export async function sequenceAt(source: LogSource, at: number): Promise<number> {
  let low = source.oldest;
  let high = source.head;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = await recordAt(source, middle);
    if (record !== undefined && record.at >= at) high = middle;
    else low = middle + 1;
  }
  return low;
}

export async function recordAt(source: LogSource, seq: number): Promise<SavedRecord | undefined> {
  for await (const record of source.records(seq - 1, seq)) return record;
  return undefined;
}
