import { describe, expect, onTestFinished, test } from 'vitest';
import { feed } from '../../agent/api/feed.ts';
import { createFeedStatus } from '../../agent/api/feed-status.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import {
  addUpload,
  parseEvent,
  type QueueAboard,
  queueAboard,
  smooth,
  uploadId,
} from './support/queue-aboard.ts';

type Item = { readonly id: string; readonly state: string; readonly priority: number };

/** A page: rows by id and the last id it saw, as EventSource keeps it. */
class Page {
  rows = new Map<string, Item>();
  cursor: number | undefined;
  logId: string | undefined;
  told: string[] = [];
  items = 0;

  async list({ uploads, changes }: QueueAboard): Promise<void> {
    this.rows.clear();
    const head = changes.head;
    let after: string | undefined;
    do {
      const page = await uploads.list({ limit: 50, ...(after === undefined ? {} : { after }) });
      for (const item of page.items) this.rows.set(String(item.id), item as unknown as Item);
      after = page.next ?? undefined;
    } while (after !== undefined);
    this.cursor = head;
  }

  /** Follows until `enough`, then is cut off in the middle of whatever it is. */
  async follow(
    aboard: QueueAboard,
    enough: (events: number) => boolean,
    gone = new AbortController(),
  ): Promise<void> {
    const status = createFeedStatus({
      clock: aboard.feedPorts.clock,
      status: async () => ({}),
      changeCount: () => aboard.changes.head,
    });
    const options = {
      signal: gone.signal,
      ...(this.cursor === undefined ? {} : { after: this.cursor }),
      ...(this.logId === undefined ? {} : { logId: this.logId }),
    };
    let events = 0;
    for await (const part of feed(aboard.feedPorts, status, options)) {
      for (const text of part.split('\n\n')) await this.#take(aboard, text);
      if (enough(++events)) break;
    }
    gone.abort();
  }

  async #take(aboard: QueueAboard, text: string): Promise<void> {
    const event = parseEvent(text);
    if (event === undefined) return;
    this.told.push(event.event);
    if (event.event === 'hello') {
      const { logId, head } = event.data as { logId: string; head: number };
      this.logId = logId;
      this.cursor ??= head;
    }
    if (event.event === 'uploads')
      for (const item of event.data as Item[]) {
        this.items += 1;
        this.rows.set(item.id, item);
      }
    if (event.event === 'gone') for (const id of event.data as string[]) this.rows.delete(id);
    if (event.id !== undefined) this.cursor = event.id;
    if (event.event === 'reset') await this.list(aboard);
  }
}

async function truth({ host }: QueueAboard): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const { actor, cell } of host.list({ kind: 'upload', limit: 100_000 }))
    all[actor.slice(7)] = `${cell.value} ${cell.context.priority}`;
  return all;
}

const shown = (page: Page) =>
  Object.fromEntries([...page.rows].sort().map(([id, { state, priority }]) => [id, `${state} ${priority}`]));

/** Numbers that look like chance and are the same in every run. */
function dice(seed: number) {
  let state = seed;
  return (sides: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

describe('the feed', () => {
  test.each([1, 2, 3, 4])(
    'through cuts at any point and restarts a page shows every upload as it is (%i)',
    async (seed) => {
      const roll = dice(seed);
      const directory = await temporaryDirectory();
      // A ring far too small: often the log itself must be read.
      const options = { ringMax: 8, handlers: smooth };
      let aboard = await queueAboard(directory, options);
      onTestFinished(() => aboard.close());
      const page = new Page();
      let added = 0;
      const live = async () => {
        const ids: string[] = [];
        for await (const { actor, cell } of aboard.host.list({ kind: 'upload', limit: 1_000 }))
          if (cell.value !== 'cancelled' && cell.value !== 'indexed') ids.push(actor);
        return ids[roll(ids.length)];
      };
      for (let round = 0; round < 40; round++) {
        const stop = roll(12);
        const gone = new AbortController();
        const following = page.follow(aboard, (events) => events > stop || roll(6) === 0, gone);
        for (let act = roll(30); act >= 0; act--) {
          const what = roll(6);
          const actor = await live();
          if (what < 2 || actor === undefined)
            await addUpload(aboard.host, ++added, { priority: 1 + roll(10) });
          else if (what === 2) await aboard.host.send(actor, { type: 'pause', by: 'anna' });
          else if (what === 3) await aboard.host.send(actor, { type: 'resume', by: 'anna' });
          else if (what === 4)
            await aboard.host.send(actor, { type: 'prioritise', by: 'anna', priority: 1 + roll(10) });
          else if (roll(3) === 0) await aboard.host.send(actor, { type: 'cancel', by: 'anna' });
        }
        gone.abort();
        await following;
        if (roll(5) > 0) continue;
        await aboard.close();
        aboard = await queueAboard(directory, options);
      }
      let head = 0;
      while (head !== aboard.changes.head) {
        head = aboard.changes.head;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      // A first page asks for the list; every later cut was healed by the cursor alone.
      await page.follow(aboard, () => (page.cursor ?? 0) >= aboard.changes.head);
      const all = await truth(aboard);
      expect(Object.keys(all).length).toBe(added);
      expect(shown(page)).toEqual(all);
      expect(page.told).not.toContain('reset');
    },
    30_000,
  );

  test('a cursor of another log, of the future or of forgotten records is told to begin anew, once', async () => {
    const aboard = await queueAboard(await temporaryDirectory());
    onTestFinished(() => aboard.close());
    for (let i = 1; i <= 5; i++) await addUpload(aboard.host, i);
    for (const lost of [{ cursor: 10_000 }, { cursor: 2, logId: 'f'.repeat(32) }]) {
      const page = new Page();
      Object.assign(page, lost);
      await page.follow(aboard, () => page.told.includes('reset'));
      expect(page.told).toEqual(['hello', 'reset']);
      expect(shown(page)).toEqual(await truth(aboard));
      expect(page.cursor).toBe(aboard.changes.head);
    }
  });

  test('what retention dropped is told as a reset, never as silence', async () => {
    const clock = new FakeClock();
    const limits = { retainMs: 1_000, retentionEveryMs: 10_000, replayMaxRecords: 64, turnMaxEvents: 16 };
    const aboard = await queueAboard(await temporaryDirectory(), { clock, limits, ringMax: 4 });
    onTestFinished(() => aboard.close());
    for (let i = 1; i <= 200; i++) {
      const rows = [{ type: 'put', key: `file/${i}`, value: 'x'.repeat(100_000) }] as const;
      await addUpload(aboard.host, i, {}, rows);
    }
    await expect
      .poll(async () => {
        await clock.advance(10_000);
        return aboard.host.status().oldestSeq;
      })
      .toBeGreaterThan(50);
    const page = new Page();
    page.cursor = 2;
    await page.follow(aboard, () => page.told.includes('reset'));
    expect(page.rows.size).toBe(200);
  });

  test('a thousand changes of one upload are a few rows for its page', async () => {
    const aboard = await queueAboard(await temporaryDirectory());
    onTestFinished(() => aboard.close());
    await addUpload(aboard.host, 1);
    const page = new Page();
    const following = page.follow(aboard, () => page.rows.get(uploadId(1))?.state === 'cancelled');
    await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        aboard.host.send(`upload/${uploadId(1)}`, { type: 'prioritise', by: 'anna', priority: 1 + (i % 10) }),
      ),
    );
    await aboard.host.send(`upload/${uploadId(1)}`, { type: 'cancel', by: 'anna' });
    await following;
    expect(page.items).toBeLessThan(40);
  });

  test('an idle feed sleeps: one timer, seconds away; it ends with its client', async () => {
    const clock = new FakeClock();
    const aboard = await queueAboard(await temporaryDirectory(), { clock });
    onTestFinished(() => aboard.close());
    await addUpload(aboard.host, 1);
    // Heads are written, the board is filled: what remains armed is not the feed's.
    await aboard.board.settled();
    await clock.advance(2_000);
    await expect.poll(() => clock.advance(1).then(() => clock.pending)).toBeLessThan(5);
    const armed = clock.pending;
    const gone = new AbortController();
    let looks = 0;
    const status = createFeedStatus({
      clock,
      status: async () => {
        looks += 1;
        return {};
      },
      changeCount: () => aboard.changes.head,
    });
    const events = feed(aboard.feedPorts, status, { signal: gone.signal })[Symbol.asyncIterator]();
    const told: string[] = [];
    const reading = (async () => {
      for (let step = await events.next(); !step.done; step = await events.next()) told.push(step.value);
    })();
    await expect.poll(() => clock.pending).toBe(armed + 1);
    for (let second = 0; second < 30; second++) await clock.advance(1_000);
    expect(told.filter((text) => text === ': alive\n\n')).toHaveLength(2);
    expect(looks).toBeLessThanOrEqual(5);
    gone.abort();
    await reading;
    expect(clock.pending).toBe(armed);
  });

  test('figures of what moves come at most four times a second, and only when they changed', async () => {
    const clock = new FakeClock();
    let tell = (_bytes: number) => {};
    const aboard = await queueAboard(await temporaryDirectory(), {
      clock,
      handlers: {
        sendDocument: ({ progress, signal }) => {
          tell = (bytesDurable) =>
            progress({ bytesDurable, bytesSent: bytesDurable + 500, bytesTotal: 100_000 });
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      },
    });
    onTestFinished(() => aboard.close());
    await addUpload(aboard.host, 1);
    await expect.poll(() => aboard.running.size).toBe(1);
    const gone = new AbortController();
    const status = createFeedStatus({ clock, status: async () => ({}), changeCount: () => 0 });
    const told: { event: string; data: unknown }[] = [];
    const reading = (async () => {
      for await (const text of feed(aboard.feedPorts, status, {
        signal: gone.signal,
        after: aboard.changes.head,
      })) {
        const event = parseEvent(text);
        if (event?.event === 'progress') told.push(event);
      }
    })();
    for (let step = 1; step <= 40; step++) {
      tell(step * 1_000);
      await clock.advance(50);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(told.length).toBeGreaterThan(4);
    expect(told.length).toBeLessThanOrEqual(9);
    const quiet = told.length;
    expect(told.at(-1)?.data).toMatchObject([{ id: uploadId(1), onTheWayBytes: 500 }]);
    // The rate goes on sinking while nothing comes, then is no more: that is news, too; after that there is none.
    for (let step = 0; step < 200; step++) await clock.advance(250);
    const last = told.at(-1)?.data as { rateBytesPerSecond: number | null; leftMs: unknown }[];
    expect(last[0]).toMatchObject({ rateBytesPerSecond: null, leftMs: null });
    expect(told.length).toBeLessThan(quiet + 80);
    gone.abort();
    await reading;
  });
});
