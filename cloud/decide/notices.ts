// A yacht's notifications: replayed from its cursor, forgotten only when it says so. Used by cloud/notify and cloud/line.
// At least once on the wire; the yacht's cursor, kept with its log record, makes it once in effect.
import type { CloudStore, DeviceScope, Notice } from '../ports.ts';

/** One page of notices: at most this many are held in memory for one device. */
const noticePageMax = 256;

export interface Notices {
  /** The next notices in sequence, at most `limit` (and never more than a page). Empty: nothing newer. */
  after(scope: DeviceScope, cursor: number, limit?: number): Promise<readonly Notice[]>;
  /** The yacht has these in its log: all up to `cursor` may be forgotten. Lower than before changes nothing. */
  acknowledge(scope: DeviceScope, cursor: number): Promise<void>;
}

export function createNotices({ store }: { readonly store: CloudStore }): Notices {
  return {
    after: (scope, cursor, limit = noticePageMax) =>
      store.noticesAfter(scope, cursor, Math.min(limit, noticePageMax)),
    acknowledge: (scope, cursor) => store.acknowledgeNotices(scope, cursor),
  };
}
