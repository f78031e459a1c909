import { describe, expect, onTestFinished, test } from 'vitest';
import type { Json } from '../../machines/json.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { addUpload, queueAboard, smooth, storedEvent, uploadId } from './support/queue-aboard.ts';

const ids = (items: readonly { readonly [field: string]: unknown }[]) => items.map(({ id }) => Number(id));

describe('the list of documents', () => {
  test('has those on their way by urgency, then the ended ones, newest first; pages join without gap or double', async () => {
    const aboard = await queueAboard(await temporaryDirectory(), { handlers: smooth });
    onTestFinished(() => aboard.close());
    for (let i = 1; i <= 30; i++) await addUpload(aboard.host, i);
    await expect.poll(() => aboard.board.states().stored).toBe(30);
    for (let i = 1; i <= 30; i += 2)
      await aboard.host.send(
        `upload/${uploadId(i)}`,
        { type: 'document.indexed', documentId: 'doc-1', version: 1, passages: 3 },
        { src: 'sys' },
      );
    aboard.host.setPermits('line', 0);
    for (let i = 31; i <= 60; i++) await addUpload(aboard.host, i, { priority: 1 + (i % 3) });
    const way = Array.from({ length: 30 }, (_, i) => 31 + i).sort((a, b) => (a % 3) - (b % 3) || a - b);
    const expected = [...way, ...Array.from({ length: 30 }, (_, i) => 30 - i)];
    for (const limit of [1, 7, 30, 59, 60, 200]) {
      const seen: number[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await aboard.uploads.list({ limit, ...(after === undefined ? {} : { after }) });
        seen.push(...ids(page.items));
        expect(page.more).toBe(page.next !== null);
        if (page.next === null) break;
        after = page.next;
      }
      expect(seen).toEqual(expected);
    }
    const only = async (state: string) => ids((await aboard.uploads.list({ limit: 100, state })).items);
    expect(await only('stored')).toEqual(expected.filter((i) => i <= 30 && i % 2 === 0));
    expect(await only('indexed')).toEqual(expected.filter((i) => i <= 30 && i % 2 === 1));
    expect(await only('sending')).toEqual(way);
    expect(await only('parked')).toEqual([]);
    await expect(aboard.uploads.list({ limit: 1, after: 'w.99' })).rejects.toMatchObject({
      code: 'TENDER_COMMAND_INVALID',
    });
  });

  test('has each once in every page, while all of them end', async () => {
    const aboard = await queueAboard(await temporaryDirectory(), { handlers: smooth });
    onTestFinished(() => aboard.close());
    const count = 60;
    for (let i = 1; i <= count; i++) await addUpload(aboard.host, i);
    await expect.poll(() => aboard.board.states().stored).toBe(count);
    let ended = 0;
    const ending = (async () => {
      for (let i = count; i >= 1; i--, ended++)
        await aboard.host.send(
          `upload/${uploadId(i)}`,
          { type: 'document.indexed', documentId: 'doc-1', version: 1, passages: 3 },
          { src: 'sys' },
        );
    })();
    const all = Array.from({ length: count }, (_, i) => count - i);
    while (ended < count) expect(ids((await aboard.uploads.list({ limit: 1_000 })).items)).toEqual(all);
    await ending;
    expect(ids((await aboard.uploads.list({ limit: 1_000 })).items)).toEqual(all);
  });

  test('is searched by a piece of the name, whatever its case', async () => {
    const aboard = await queueAboard(await temporaryDirectory());
    onTestFinished(() => aboard.close());
    for (let i = 1; i <= 25; i++) await addUpload(aboard.host, i);
    const found = async (q: string, limit = 100) => ids((await aboard.uploads.list({ limit, q })).items);
    expect(await found('SCAN 7.')).toEqual([7]);
    expect(await found('scan 2')).toEqual([2, 20, 21, 22, 23, 24, 25]);
    const page = await aboard.uploads.list({ limit: 3, q: 'scan 2' });
    expect([ids(page.items), page.more]).toEqual([[2, 20, 21], true]);
    expect(ids((await aboard.uploads.list({ limit: 9, q: 'scan 2', after: page.next! })).items)).toEqual([
      22, 23, 24, 25,
    ]);
  });
});

describe('one document', () => {
  test('tells its place, rate, time left and what may be done while it is on its way', async () => {
    const clock = new FakeClock();
    const tell = new Map<string, (bytes: number) => void>();
    const aboard = await queueAboard(await temporaryDirectory(), {
      clock,
      handlers: {
        sendDocument: ({ actor, progress, signal }) => {
          tell.set(actor, (bytesDurable) => progress({ bytesDurable, bytesSent: bytesDurable + 2_000 }));
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      },
    });
    onTestFinished(() => aboard.close());
    aboard.host.setPermits('line', 1);
    for (let i = 1; i <= 3; i++) await addUpload(aboard.host, i, { sizeBytes: 1_000_000 });
    const first = `upload/${uploadId(1)}`;
    await expect.poll(() => tell.has(first)).toBe(true);
    expect(await aboard.uploads.get(uploadId(1))).toMatchObject({
      order: 1,
      rateBytesPerSecond: null,
      leftMs: null,
    });
    for (let step = 0; step <= 100; step++) {
      tell.get(first)!(step * 2_000);
      await clock.advance(200);
    }
    const [one, two, three] = (await aboard.uploads.list({ limit: 3 })).items as Record<string, Json>[];
    expect(one).toMatchObject({ order: 1, sentBytes: 200_000, onTheWayBytes: 2_000, hold: null });
    expect(one!.rateBytesPerSecond).toBeGreaterThan(9_000);
    expect(one!.rateBytesPerSecond).toBeLessThan(11_000);
    const left = one!.leftMs as { low: number; high: number };
    // 800 KB at 10 KB/s.
    expect(left.low).toBeLessThanOrEqual(82_000);
    expect(left.high).toBeGreaterThanOrEqual(78_000);
    expect(two).toMatchObject({ order: 2, hold: 'turn', rateBytesPerSecond: null });
    expect((two!.leftMs as { low: number }).low).toBeGreaterThan(left.low);
    expect((three!.leftMs as { low: number }).low).toBeGreaterThan((two!.leftMs as { low: number }).low);
    expect(one!.actions).toEqual(expect.arrayContaining(['pause', 'cancel', 'prioritise']));
    expect(one!.actions).not.toContain('resume');
    await aboard.host.send(first, { type: 'pause', by: 'anna' });
    const paused = await aboard.uploads.get(uploadId(1));
    expect(paused).toMatchObject({ order: null, leftMs: null });
    expect(paused.actions).toContain('resume');
  });

  test('once stored it carries its receipt', async () => {
    const aboard = await queueAboard(await temporaryDirectory(), { handlers: smooth });
    onTestFinished(() => aboard.close());
    await addUpload(aboard.host, 1);
    await expect.poll(async () => (await aboard.uploads.get(uploadId(1))).state).toBe('stored');
    const { documentId, keyId, storedMs } = storedEvent();
    expect(await aboard.uploads.get(uploadId(1))).toMatchObject({
      order: null,
      leftMs: null,
      percent: 100,
      receipt: { documentId, keyId, storedMs, verified: true },
      wireBytesUp: 100_100,
      savedBytes: { resumed: 0, deduped: 0, compressed: 0 },
      costMicros: null,
    });
  });
});
