// Brings a history into the columns: the newest page first, so that the page shows something at once, then the live
// records, then older pages backwards while nobody waits, at most `rowsAheadMax`; older ones when somebody goes there.
import type { HistorySource, Overview, TimelinePage, WireRecord } from './source.ts';
import { timelineRowsMax } from './source.ts';
import type { Columns } from './timeline-columns.ts';

/** Rows loaded without being asked for. */
export const rowsAheadMax = 200_000;
/** Pages that come one after another when the log grows while it is read; then the stream takes over. */
const catchUpPagesMax = 200;

export interface LoaderEvents {
  /** Rows came, at either end. */
  readonly changed: () => void;
  readonly records: (records: readonly WireRecord[]) => void;
  readonly connection: (state: 'open' | 'lost') => void;
  readonly failed: (error: unknown) => void;
}

export interface Loader {
  readonly overview: Overview;
  /** The oldest sequence that can be loaded. */
  readonly oldest: number;
  /** Loads until `seq` is held, or the oldest. Calls with a larger range join the one under way. */
  reach(seq: number): Promise<void>;
  /** Loads what is loaded without being asked for; again, if that was cut short. Never throws. */
  ahead(): Promise<void>;
  close(): void;
}

/** Opens a history: resolves when its newest page is in the columns. Throws what the source throws. */
export async function openHistory(
  source: HistorySource,
  columns: Columns,
  events: LoaderEvents,
): Promise<Loader> {
  const stopped = new AbortController();
  const overview = await source.open();
  let oldest = Math.max(1, overview.oldest);
  let wanted = Number.POSITIVE_INFINITY;
  let loading: Promise<void> | undefined;

  const take = (after: number, page: TimelinePage): boolean => {
    oldest = Math.max(1, page.oldest);
    return columns.addPage(page.first === undefined ? after : page.first - 1, page);
  };
  /** Everything after what is held, page by page; true when the end was reached. */
  const catchUp = async (from: number): Promise<void> => {
    let after = from;
    for (let pages = 0; pages < catchUpPagesMax; pages++) {
      const page = await source.timeline(after, timelineRowsMax, stopped.signal);
      if (page.rows.length > 0 && !take(after, page)) return;
      if (page.next <= after || !page.more) return;
      after = page.next;
    }
  };
  /** The block before the first row held; it may take several answers. */
  const older = async (): Promise<boolean> => {
    const end = columns.first - 1;
    let after = Math.max(oldest - 1, end - timelineRowsMax);
    const pages: [number, TimelinePage][] = [];
    while (after < end) {
      const page = await source.timeline(after, Math.min(timelineRowsMax, end - after), stopped.signal);
      if (page.next <= after) break;
      pages.push([after, page]);
      after = page.next;
    }
    const before = columns.first;
    for (const [from, page] of pages.reverse()) if (!take(from, page)) return false;
    return columns.first < before;
  };
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted && columns.first > Math.max(wanted, oldest)) {
      if (!(await older())) return;
      events.changed();
    }
  };
  const reach = (seq: number): Promise<void> => {
    wanted = Math.min(wanted, seq);
    loading ??= loop().finally(() => {
      loading = undefined;
    });
    return loading;
  };

  if (overview.head > 0) await catchUp(Math.max(oldest - 1, overview.head - timelineRowsMax));
  events.changed();
  const unfollow = source.follow(Math.max(columns.last, overview.head), {
    records(records) {
      if (columns.append(records)) {
        events.records(records);
        events.changed();
        return;
      }
      // A gap: the rows between are asked for; what these records held is read again by whoever needs it.
      catchUp(columns.last).then(events.changed, events.failed);
    },
    connection: events.connection,
  });
  const ahead = (): Promise<void> =>
    reach(Math.max(oldest, columns.last - rowsAheadMax)).catch((error: unknown) => {
      if (!stopped.signal.aborted) events.failed(error);
    });
  void ahead();

  return {
    overview,
    get oldest() {
      return oldest;
    },
    reach,
    ahead,
    close() {
      stopped.abort();
      unfollow();
    },
  };
}
