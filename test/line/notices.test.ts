import { describe, expect, test } from 'vitest';
import type { InventoryPageFrame } from '../../cloud/contract/frames.ts';
import { content, type Yacht, yachtAndShore } from './support/yacht.ts';

/** The worker ashore: everything stored becomes indexed. */
async function index(yacht: Yacht): Promise<void> {
  const { store } = yacht.shore.cloud;
  for (let job = yacht.shore.cloud.takeJob(); job; job = yacht.shore.cloud.takeJob()) {
    const work = await store.takeIndexWork(job.documentId, job.version);
    if (work) await store.recordIndexed(work, { passages: ['a phrase'], reason: '' });
  }
}

describe('notices', () => {
  test('come over the open line, in order, and are acknowledged only when they are in the log', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const uploads = [];
    for (let n = 0; n < 3; n++) {
      const uploadId = yacht.upload(content(100, n));
      uploads.push(uploadId);
      await yacht.carry(uploadId);
    }
    let keep = () => {};
    const kept = new Promise<void>((resolve) => {
      keep = resolve;
    });
    const { keepNotices } = yacht;
    yacht.keepNotices = async (notices) => {
      await kept;
      return keepNotices(notices);
    };
    await index(yacht);
    await yacht.clock.advance(10_000);
    expect(yacht.frames.some((frame) => frame.type === 'SEEN')).toBe(false);
    keep();
    await yacht.clock.advance(1_100);
    expect(yacht.notices.map((notice) => notice.uploadId)).toEqual(uploads);
    expect(yacht.notices.map((notice) => notice.sequence)).toEqual([1, 2, 3]);
    expect(yacht.frames.filter((frame) => frame.type === 'SEEN').at(-1)).toEqual({ type: 'SEEN', cursor: 3 });
  });

  test('that come fast are told to be seen once a second: each word costs a packet', async () => {
    const yacht = await yachtAndShore({ ashore: {} });
    await yacht.open();
    for (let i = 1; i <= 40; i++) {
      await yacht.carry(yacht.upload(content(200, i)));
      await index(yacht);
    }
    await yacht.clock.advance(2_000);
    expect(yacht.notices).toHaveLength(40);
    const seen = yacht.frames.filter((frame) => frame.type === 'SEEN');
    expect(seen.at(-1)).toEqual({ type: 'SEEN', cursor: 40 });
    const seconds = yacht.clock.monotonicMs() / 1_000;
    expect(seen.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
  });

  test('missed while away are replayed after HELLO from the cursor, none twice', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    for (let n = 0; n < 5; n++) await yacht.carry(yacht.upload(content(100, n)));
    await yacht.close();
    await index(yacht);
    await yacht.clock.advance(60_000);
    yacht.restart();
    await yacht.open();
    await yacht.clock.advance(1_000);
    expect(yacht.notices.map((notice) => notice.sequence)).toEqual([1, 2, 3, 4, 5]);
    yacht.restart();
    await yacht.open();
    await yacht.clock.advance(10_000);
    expect(yacht.notices).toHaveLength(5);
  });

  test('that cannot be kept end the line and come again', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    await yacht.carry(yacht.upload(content(100)));
    const { keepNotices } = yacht;
    yacht.keepNotices = async () => {
      throw new Error('disk full');
    };
    await index(yacht);
    await yacht.clock.advance(10_000);
    expect(yacht.lost).toMatchObject([{ class: 'LOCAL', code: 'TENDER_NOTICE_NOT_KEPT' }]);
    yacht.keepNotices = keepNotices;
    await yacht.open();
    await yacht.clock.advance(1_000);
    expect(yacht.notices).toHaveLength(1);
  });
});

describe('inventory', () => {
  test('tells page by page what is ashore, in the order of names', async () => {
    const yacht = await yachtAndShore({ ashore: { limits: { inventoryPageCount: 3 } } });
    await yacht.open();
    for (let n = 0; n < 7; n++) await yacht.carry(yacht.upload(content(100 + n, n)));
    const names: string[] = [];
    let pages = 0;
    let after: Uint8Array | null = null;
    for (;;) {
      const page: InventoryPageFrame = await yacht.until(yacht.line.inventory(after));
      pages += 1;
      for (const entry of page.entries) names.push(new TextDecoder().decode(entry.name));
      expect(page.entries.every((entry) => entry.version === 1 && entry.lengthBytes >= 100)).toBe(true);
      if (!page.more) break;
      after = Uint8Array.from(page.entries.at(-1)!.name);
    }
    expect(names).toHaveLength(7);
    expect(names).toEqual([...names].sort());
    expect(pages).toBe(3);
  });

  test('is refused with the failure that ended the line', async () => {
    const yacht = await yachtAndShore();
    await expect(yacht.line.inventory(null)).rejects.toMatchObject({ class: 'LINK' });
    await yacht.open();
    const asked = yacht.line.inventory(null);
    yacht.link.cut();
    await expect(asked).rejects.toMatchObject({ class: 'LINK', code: 'TENDER_LINE_CUT' });
  });
});
