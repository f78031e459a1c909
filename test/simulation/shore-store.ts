// The cloud's rows as one process reaches them: the true memory store behind latency, outages, and answers that are
// lost after the commit. A transaction asked for by a process that then died may still commit, as in PostgreSQL.
import { CloudError } from '../../cloud/cloud-error.ts';
import type { CloudStore } from '../../cloud/ports.ts';
import { type FakeLife, never } from '../support/fake-life.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import type { FakeTimeline } from '../support/fake-timeline.ts';

/** What is wrong with the database at the moment; the weather sets it. */
export interface StoreTrouble {
  /** Until then every call is refused. */
  busyUntilMs: number;
  /** So many of the next commits lose their answer. */
  lostAnswers: number;
}

export type StoreMethod = keyof CloudStore & string;

/** Wraps every method; `answered` sees each result before the process does. */
export function reachedBy(
  life: FakeLife,
  inner: CloudStore,
  timeline: FakeTimeline,
  random: FakeRandom,
  trouble: StoreTrouble,
): CloudStore {
  const call = async (method: StoreMethod, args: readonly unknown[]): Promise<unknown> => {
    if (timeline.now < trouble.busyUntilMs) {
      await timeline.sleep(random.spread(1, 500));
      throw new CloudError('TENDER_STORE_UNAVAILABLE');
    }
    if (random.chance(0.3)) await timeline.sleep(random.spread(0.2, 20));
    if (!life.alive && random.chance(0.5)) return never();
    const transaction = inner[method] as (...args: unknown[]) => Promise<unknown>;
    const result = await transaction.apply(inner, [...args]);
    if (random.chance(0.3)) await timeline.sleep(random.spread(0.2, 20));
    if (trouble.lostAnswers > 0 && changing.has(method)) {
      trouble.lostAnswers--;
      throw new CloudError('TENDER_STORE_UNAVAILABLE');
    }
    return result;
  };
  return new Proxy(inner, {
    get:
      (_, method) =>
      (...args: readonly unknown[]) =>
        life.call(() => call(method as StoreMethod, args)),
  });
}

const changing: ReadonlySet<StoreMethod> = new Set<StoreMethod>([
  'beginSession',
  'offerDocument',
  'recordChunks',
  'finishVersion',
  'dropDocument',
  'acknowledgeNotices',
  'recordIndexed',
  'recordIndexFailed',
]);
