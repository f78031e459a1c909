// What the queue's page listens to: the uploads that changed, as they are now, with the log's sequence as the event's id.
// Who comes back with Last-Event-ID is told of every upload changed since, once; so a daemon or a page may restart at any
// moment and no row is lost or doubled. Changes are gathered between two flushes; a slow client costs one flush of memory,
// because nothing is queued for it: it reads on where it stood. Used by routes/feed.ts.
import type { JsonObject } from '../../machines/json.ts';
import type { Aboard } from './aboard.ts';
import { createFeedBell } from './feed-bell.ts';
import type { FeedStatus } from './feed-status.ts';

/** Between two flushes: as many changes as come meanwhile share one. */
const flushEveryMs = 50;
/** Rest after a flush, in multiples of what it took: a flood of changes costs at most a third of the time. */
const restPerFlush = 2;
const restMaxMs = 500;
const progressEveryMs = 250;
const aliveEveryMs = 15_000;
export const uploadsPerEventMax = 200;
/** Records read from the log in one go, for a client that is further behind than memory reaches. */
const pageRecords = 512;
/** Further behind than this, the whole list is cheaper than the changes. */
export const catchUpMaxRecords = 20_000;

export type FeedPorts = Pick<
  Aboard,
  'clock' | 'host' | 'uploads' | 'changes' | 'stirred' | 'version' | 'zone'
>;

export interface FeedOptions {
  /** The last sequence this client has seen; undefined: it begins now, and reads the list by itself. */
  readonly after?: number;
  /** The log it saw it in, if it says so. */
  readonly logId?: string;
  readonly signal: AbortSignal;
}

interface News {
  readonly upTo: number;
  readonly ids: readonly string[];
}

export async function* feed(
  ports: FeedPorts,
  status: FeedStatus,
  options: FeedOptions,
): AsyncIterable<string> {
  const { clock, uploads, changes } = ports;
  const { signal } = options;
  const bell = createFeedBell(clock, signal);
  const unlisten = [changes.listen(() => bell.ring()), ports.stirred(() => bell.ring())];
  const mine = status.reader();
  const shown = new Map<string, string>();
  let cursor = options.after ?? changes.head;
  let flushDueMs = 0;
  let progressDueMs = 0;
  let aliveDueMs = clock.monotonicMs() + aliveEveryMs;
  try {
    yield `retry: 1000\n\n${hello(ports)}`;
    const lost = whyLost(ports, options);
    if (lost !== undefined) {
      cursor = changes.head;
      yield eventOf('reset', { reason: lost }, cursor);
    }
    while (!signal.aborted) {
      const began = clock.monotonicMs();
      if (cursor < changes.head && began >= flushDueMs) {
        const news = changes.after(cursor, uploadsPerEventMax) ?? (await readNews(ports, cursor));
        if (news === undefined) {
          cursor = changes.head;
          yield eventOf('reset', { reason: 'trimmed' }, cursor);
        } else {
          if (news.ids.length > 0) yield* uploadsEvents(news, await uploads.items(news.ids));
          cursor = news.upTo;
        }
        const now = clock.monotonicMs();
        flushDueMs = now + Math.min(restMaxMs, Math.max(flushEveryMs, (now - began) * restPerFlush));
        aliveDueMs = now + aliveEveryMs;
      }
      const told = await mine.news(clock.monotonicMs());
      // With the cursor: records of other actors pass by without an event of their own.
      if (told !== undefined) yield `id: ${cursor}\n${told}`;
      let moving = false;
      if (clock.monotonicMs() >= progressDueMs) {
        const figures = await uploads.moving();
        moving = figures.length > 0;
        const changed = newsOf(figures, shown);
        if (changed.length > 0) yield eventOf('progress', changed);
        progressDueMs = clock.monotonicMs() + progressEveryMs;
      } else moving = shown.size > 0;
      if (clock.monotonicMs() >= aliveDueMs) {
        yield ': alive\n\n';
        aliveDueMs = clock.monotonicMs() + aliveEveryMs;
      }
      const dues = [aliveDueMs, mine.dueMs()];
      if (moving) dues.push(progressDueMs);
      // With changes waiting for their flush, further ones need not wake us.
      const waiting = cursor < changes.head;
      if (waiting) dues.push(flushDueMs);
      await bell.wait(Math.min(...dues) - clock.monotonicMs(), !waiting);
    }
  } finally {
    for (const stop of unlisten) stop();
  }
}

function hello({ host, changes, version, clock, zone }: FeedPorts): string {
  const { logId, boot } = host.status();
  return eventOf(
    'hello',
    {
      logId,
      boot,
      build: version,
      head: changes.head,
      now: clock.wallMs(),
      ...(zone === undefined ? {} : { zone }),
    },
    undefined,
  );
}

/** Why this client must read the whole list again; undefined: it need not. */
function whyLost({ host, changes }: FeedPorts, { after, logId }: FeedOptions): string | undefined {
  if (logId !== undefined && logId !== host.status().logId) return 'another log';
  if (after === undefined) return undefined;
  if (after > changes.head) return 'ahead of the log';
  if (changes.head - after > catchUpMaxRecords) return 'too far behind';
  if (after + 1 < host.status().oldestSeq) return 'trimmed';
  return undefined;
}

/** The same from the log itself. Undefined: what this client wants to hear of is not kept any more. */
async function readNews({ host }: FeedPorts, cursor: number): Promise<News | undefined> {
  const ids = new Set<string>();
  let upTo = cursor;
  for await (const record of host.history({ after: cursor, limit: pageRecords })) {
    if (record.seq !== upTo + 1) return undefined;
    if (record.actor.startsWith('upload/')) {
      const id = record.actor.slice('upload/'.length);
      if (ids.size === uploadsPerEventMax && !ids.has(id)) break;
      ids.add(id);
    }
    upTo = record.seq;
  }
  return upTo === cursor ? undefined : { upTo, ids: [...ids] };
}

/** The id goes with the last event of a flush: a client cut off before it hears all of the flush again. */
function* uploadsEvents(
  { upTo }: News,
  { items, gone }: { readonly items: readonly JsonObject[]; readonly gone: readonly string[] },
): Iterable<string> {
  if (gone.length > 0) yield eventOf('gone', gone, items.length === 0 ? upTo : undefined);
  if (items.length > 0) yield eventOf('uploads', items, upTo);
}

/** Figures that differ from what was shown. */
function newsOf(figures: readonly JsonObject[], shown: Map<string, string>): JsonObject[] {
  const now = new Set(figures.map(({ id }) => String(id)));
  for (const id of shown.keys()) if (!now.has(id)) shown.delete(id);
  return figures.filter((each) => {
    const text = JSON.stringify(each);
    const id = String(each.id);
    if (shown.get(id) === text) return false;
    shown.set(id, text);
    return true;
  });
}

export function eventOf(event: string, data: unknown, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
