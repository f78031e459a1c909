// Contract of CloudStore, third part: workers, their results, and the notices that follow.
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DeviceScope } from '../../cloud/ports.ts';
import { addYacht, type CloudFixture, offerOf, placed, plain, storeDocument } from './cloud-fixture.ts';

export function indexingContract(fixture: () => CloudFixture): void {
  describe('indexing and notices', () => {
    async function stored(scope: DeviceScope, name = 'indexed', version = 1) {
      const offer = offerOf(name, version);
      const receipt = await storeDocument(fixture().store, scope, offer, `${name} ${version}`);
      const work = await fixture().store.takeIndexWork(receipt.documentId, version);
      return { offer, receipt, work: work! };
    }

    test('work carries the manifest, and its result makes a notice', async () => {
      const scope = await addYacht(fixture());
      const { offer, receipt, work } = await stored(scope);
      expect(work).toMatchObject({
        tenantId: scope.tenantId,
        deviceId: scope.deviceId,
        uploadId: offer.uploadId,
        name: 'indexed',
        attempt: 1,
      });
      expect(work.entries.map(plain)).toEqual([plain(placed(0, 'indexed 1'))]);
      expect(await fixture().store.recordIndexed(work, { passages: ['a', 'b'], reason: '' })).toBe(true);
      expect(await fixture().store.noticesAfter(scope, 0, 10)).toMatchObject([
        {
          sequence: 1,
          uploadId: offer.uploadId,
          documentId: receipt.documentId,
          version: 1,
          kind: 'indexed',
          passages: 2,
          reason: '',
        },
      ]);
      expect((await fixture().store.inventory(scope, null, 1))[0]).toMatchObject({ indexed: true });
    });
    test('an indexed version is not taken up again, nor an unknown one', async () => {
      const { work } = await stored(await addYacht(fixture()));
      await fixture().store.recordIndexed(work, { passages: [], reason: 'no text' });
      expect(await fixture().store.takeIndexWork(work.documentId, 1)).toBeUndefined();
      expect(await fixture().store.takeIndexWork(randomUUID(), 1)).toBeUndefined();
      expect(await fixture().store.takeIndexWork('nothing', 1)).toBeUndefined();
    });
    test('the result of an older attempt, and a second result, change nothing', async () => {
      const scope = await addYacht(fixture());
      const { work } = await stored(scope);
      const newer = (await fixture().store.takeIndexWork(work.documentId, 1))!;
      expect(newer.attempt).toBe(2);
      expect(await fixture().store.recordIndexed(work, { passages: ['stale'], reason: '' })).toBe(false);
      expect(await fixture().store.recordIndexFailed(work, { code: 'X', reason: 'stale' })).toBe(false);
      expect(await fixture().store.recordIndexed(newer, { passages: [], reason: '' })).toBe(true);
      expect(await fixture().store.recordIndexed(newer, { passages: [], reason: '' })).toBe(false);
      expect(await fixture().store.noticesAfter(scope, 0, 10)).toHaveLength(1);
    });
    test('a failure is told with its reason', async () => {
      const scope = await addYacht(fixture());
      const { work } = await stored(scope);
      await fixture().store.recordIndexFailed(work, {
        code: 'TENDER_EXTRACT_POISON',
        reason: 'broken\u0000file',
      });
      const [notice] = await fixture().store.noticesAfter(scope, 0, 10);
      expect(notice).toMatchObject({ kind: 'index-failed', passages: 0 });
      expect(notice!.reason).toMatch(/^broken.?file$/s);
      expect(await fixture().store.takeIndexWork(work.documentId, 1)).toBeUndefined();
    });
    test('notices of one yacht are numbered 1, 2, 3 … whoever writes them at once', async () => {
      const scope = await addYacht(fixture());
      const works = [];
      for (let i = 0; i < 12; i += 1) works.push((await stored(scope, `many ${i}`)).work);
      await Promise.all(
        works.map((work) => fixture().store.recordIndexed(work, { passages: [], reason: '' })),
      );
      const notices = await fixture().store.noticesAfter(scope, 0, 100);
      expect(notices.map((notice) => notice.sequence)).toEqual(works.map((_, i) => i + 1));
      expect(new Set(notices.map((notice) => notice.uploadId)).size).toBe(12);
      const page = await fixture().store.noticesAfter(scope, 4, 3);
      expect(page.map((notice) => notice.sequence)).toEqual([5, 6, 7]);
    });
    test('acknowledged notices are forgotten, once, up to what exists, and numbering goes on', async () => {
      const scope = await addYacht(fixture());
      for (const name of ['one', 'two']) {
        const { work } = await stored(scope, name);
        await fixture().store.recordIndexed(work, { passages: [], reason: '' });
      }
      await fixture().store.acknowledgeNotices(scope, 1);
      await fixture().store.acknowledgeNotices(scope, 0);
      expect((await fixture().store.noticesAfter(scope, 0, 10)).map((notice) => notice.sequence)).toEqual([
        2,
      ]);
      await fixture().store.acknowledgeNotices(scope, 1_000);
      const { work } = await stored(scope, 'three');
      await fixture().store.recordIndexed(work, { passages: [], reason: '' });
      expect((await fixture().store.noticesAfter(scope, 0, 10)).map((notice) => notice.sequence)).toEqual([
        3,
      ]);
    });
    test("another yacht's notices are not seen", async () => {
      const scope = await addYacht(fixture());
      const sister = await addYacht(fixture(), scope.tenantId);
      const { work } = await stored(scope);
      await fixture().store.recordIndexed(work, { passages: [], reason: '' });
      expect(await fixture().store.noticesAfter(sister, 0, 10)).toEqual([]);
    });
  });
}
