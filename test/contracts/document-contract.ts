// Contract of CloudStore, second part: documents on their way in, documents ashore, and to whom they are visible.
import { describe, expect, test } from 'vitest';
import type { Name } from '../../cloud/contract/name.ts';
import type { DeviceScope } from '../../cloud/ports.ts';
import {
  addDevice,
  addTenant,
  addYacht,
  type CloudFixture,
  comparable,
  offerOf,
  placed,
  plain,
  randomHex,
  sha256,
  storeDocument,
  uploadId,
} from './cloud-fixture.ts';

export function documentContract(fixture: () => CloudFixture): void {
  describe('open documents', () => {
    test('an offer opens, and offered again it answers what is durable, ascending', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('folder/report.pdf');
      expect(await fixture().store.offerDocument(scope, offer)).toEqual({ state: 'open', entries: [] });
      const [first, second] = [placed(0, 'first'), placed(7, 'second')];
      await fixture().store.recordChunks(scope, offer.uploadId, [second]);
      await fixture().store.recordChunks(scope, offer.uploadId, [first]);
      const answer = await fixture().store.offerDocument(scope, offer);
      if (answer.state !== 'open') throw new Error(answer.state);
      expect(answer.entries.map(plain)).toEqual([plain(first), plain(second)]);
    });
    test('an index recorded twice counts as recorded last', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('twice');
      await fixture().store.offerDocument(scope, offer);
      const last = placed(0, 'newer');
      await fixture().store.recordChunks(scope, offer.uploadId, [placed(0, 'older')]);
      await fixture().store.recordChunks(scope, offer.uploadId, [last]);
      expect((await fixture().store.openEntries(scope, offer.uploadId)).map(plain)).toEqual([plain(last)]);
    });
    test('a reference to a chunk ashore counts, one to an unknown chunk or of another length is missing', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('references');
      await fixture().store.offerDocument(scope, offer);
      const known = placed(0, 'known');
      await fixture().store.recordChunks(scope, offer.uploadId, [known]);
      const answer = await fixture().store.recordChunks(scope, offer.uploadId, [
        plain({ ...known, index: 1 }),
        { index: 2, id: sha256(Buffer.from('unknown')), length: 7 },
        { ...plain(known), index: 3, length: 99 },
      ]);
      expect([...answer.missing].sort()).toEqual([2, 3]);
      const entries = await fixture().store.openEntries(scope, offer.uploadId);
      expect(entries.map((entry) => entry.index)).toEqual([0, 1]);
    });
    test('the first place of a chunk stays, until it is condemned', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('places');
      await fixture().store.offerDocument(scope, offer);
      const [one, two] = [placed(0, 'same'), placed(1, 'same')];
      await fixture().store.recordChunks(scope, offer.uploadId, [one]);
      await fixture().store.recordChunks(scope, offer.uploadId, [two]);
      expect(await fixture().store.findChunks(scope.tenantId, [one.id])).toEqual([one.place]);
      await fixture().store.condemnChunks(scope.tenantId, [one.id]);
      expect(await fixture().store.findChunks(scope.tenantId, [one.id])).toEqual([undefined]);
      await fixture().store.recordChunks(scope, offer.uploadId, [two]);
      expect(await fixture().store.findChunks(scope.tenantId, [one.id, sha256(Buffer.from('no'))])).toEqual([
        two.place,
        undefined,
      ]);
    });
    test('an upload nobody offered cannot grow', async () => {
      const scope = await addYacht(fixture());
      const unknown = { code: 'TENDER_UPLOAD_UNKNOWN' };
      await expect(fixture().store.recordChunks(scope, uploadId(), [placed(0, 'x')])).rejects.toMatchObject(
        unknown,
      );
      await expect(fixture().store.openEntries(scope, uploadId())).rejects.toMatchObject(unknown);
      await expect(
        fixture().store.finishVersion(scope, {
          uploadId: uploadId(),
          lengthBytes: 0,
          sha256: sha256(Buffer.from('')),
          entries: [],
        }),
      ).rejects.toMatchObject(unknown);
    });
    test('a dropped upload is forgotten, and dropping it again is fine', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('dropped');
      await fixture().store.offerDocument(scope, offer);
      await fixture().store.recordChunks(scope, offer.uploadId, [placed(0, 'x')]);
      await fixture().store.dropDocument(scope, offer.uploadId);
      await fixture().store.dropDocument(scope, offer.uploadId);
      expect(await fixture().store.offerDocument(scope, offer)).toEqual({ state: 'open', entries: [] });
    });
    test('a version under way belongs to its upload; a newer session takes the place of an older one', async () => {
      const tenantId = await addTenant(fixture().registry);
      const deviceId = await addDevice(fixture().registry, tenantId);
      await fixture().store.beginSession(deviceId, { logId: randomHex(), boot: 1, sessionId: randomHex() });
      const old: DeviceScope = { tenantId, deviceId, epoch: 1 };
      await fixture().store.offerDocument(old, offerOf('contested', 4));
      expect(await fixture().store.offerDocument(old, offerOf('contested', 4))).toEqual({
        state: 'conflict',
      });
      expect(await fixture().store.offerDocument(old, offerOf('contested', 5))).toMatchObject({
        state: 'open',
      });
      await fixture().store.beginSession(deviceId, { logId: randomHex(), boot: 1, sessionId: randomHex() });
      const taken = await fixture().store.offerDocument({ ...old, epoch: 2 }, offerOf('contested', 4));
      expect(taken).toEqual({ state: 'open', entries: [] });
    });
    test('the same offer over many lanes at once opens one upload', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('lanes');
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => fixture().store.offerDocument(scope, offer)),
      );
      for (const answer of answers) expect(answer).toEqual({ state: 'open', entries: [] });
    });
  });

  describe('finished documents', () => {
    test('a finish makes version, receipt and one job; again, it answers the same receipt', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('finished', 3);
      const receipt = await storeDocument(fixture().store, scope, offer, 'content');
      expect(receipt).toMatchObject({
        tenantId: scope.tenantId,
        deviceId: scope.deviceId,
        uploadId: offer.uploadId,
        version: 3,
        lengthBytes: 7,
      });
      const again = await fixture().store.finishVersion(scope, {
        uploadId: offer.uploadId,
        lengthBytes: 7,
        sha256: receipt.sha256,
        entries: [],
      });
      expect(comparable(again)).toEqual(comparable(receipt));
      const kept = await fixture().store.receipt(scope, offer.uploadId);
      expect(comparable(kept!)).toEqual(comparable(receipt));
      const offered = await fixture().store.offerDocument(scope, offer);
      if (offered.state !== 'finished') throw new Error(offered.state);
      expect(comparable(offered.receipt)).toEqual(comparable(receipt));
      const jobs = (await fixture().jobs()).filter((job) => job.documentId === receipt.documentId);
      expect(jobs).toEqual([{ documentId: receipt.documentId, version: 3 }]);
    });
    test('many finishes at once make one version', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('race');
      await fixture().store.offerDocument(scope, offer);
      const entry = placed(0, 'racing');
      await fixture().store.recordChunks(scope, offer.uploadId, [entry]);
      const finish = { uploadId: offer.uploadId, lengthBytes: 6, sha256: entry.id, entries: [entry] };
      const receipts = await Promise.all(
        Array.from({ length: 6 }, () => fixture().store.finishVersion(scope, finish)),
      );
      expect(new Set(receipts.map((receipt) => JSON.stringify(comparable(receipt)))).size).toBe(1);
    });
    test('chunks that come after the finish change nothing and are not missing', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('late');
      await storeDocument(fixture().store, scope, offer, 'done');
      expect(await fixture().store.recordChunks(scope, offer.uploadId, [placed(0, 'done')])).toEqual({
        missing: [],
      });
    });
    test('versions of one name are one document, whose head is the highest', async () => {
      const scope = await addYacht(fixture());
      const second = await storeDocument(fixture().store, scope, offerOf('head', 2), 'two');
      const first = await storeDocument(fixture().store, scope, offerOf('head', 1), 'one');
      expect(first.documentId).toBe(second.documentId);
      expect(await fixture().store.inventory(scope, null, 10)).toMatchObject([
        { name: 'head', version: 2, uploadId: second.uploadId, indexed: false },
      ]);
    });
    test('a stored version is not overwritten by another upload', async () => {
      const scope = await addYacht(fixture());
      await storeDocument(fixture().store, scope, offerOf('taken', 1), 'mine');
      expect(await fixture().store.offerDocument(scope, offerOf('taken', 1))).toEqual({ state: 'conflict' });
    });
    test('two names that look alike, and names that are no text, are documents of their own', async () => {
      const scope = await addYacht(fixture());
      const names = [
        'caf\u00e9',
        'cafe\u0301',
        { b64: 'Y2Fm6Q==' },
        'a\u0000b',
        `${'long/'.repeat(800)}name`,
      ];
      for (const name of names)
        await storeDocument(fixture().store, scope, offerOf(name), JSON.stringify(name));
      const found = await fixture().store.inventory(scope, null, 10);
      expect(found.map((row) => JSON.stringify(row.name)).sort()).toEqual(
        names.map((name) => JSON.stringify(name)).sort(),
      );
    });
    test('the inventory pages by name bytes and misses none', async () => {
      const scope = await addYacht(fixture());
      const long = 'x'.repeat(1500);
      const names = [
        ...Array.from({ length: 9 }, (_, i) => `doc-${i}`),
        `${long}a`,
        `${long}b`,
        `${long}c`,
        'é',
      ];
      for (const name of [...names].reverse())
        await storeDocument(fixture().store, scope, offerOf(name), name);
      const found: unknown[] = [];
      for (let after: Name | null = null; ; ) {
        const page = await fixture().store.inventory(scope, after, 2);
        found.push(...page.map((row) => row.name));
        if (page.length < 2) break;
        after = page.at(-1)!.name;
      }
      expect(found).toEqual(names);
    });
  });

  describe('only yours', () => {
    test("another tenant's chunks, uploads and documents are as unknown as ones that never were", async () => {
      const mine = await addYacht(fixture());
      const theirs = await addYacht(fixture());
      const offer = offerOf('secret');
      await storeDocument(fixture().store, theirs, offer, 'their content');
      const id = sha256(Buffer.from('their content'));
      expect(await fixture().store.findChunks(mine.tenantId, [id])).toEqual([undefined]);
      expect(await fixture().store.receipt(mine, offer.uploadId)).toBeUndefined();
      expect(await fixture().store.inventory(mine, null, 10)).toEqual([]);
      await fixture().store.condemnChunks(mine.tenantId, [id]);
      expect((await fixture().store.findChunks(theirs.tenantId, [id]))[0]).toBeDefined();
      const own = offerOf('secret');
      await fixture().store.offerDocument(mine, own);
      const referred = await fixture().store.recordChunks(mine, own.uploadId, [{ index: 0, id, length: 13 }]);
      expect(referred.missing).toEqual([0]);
      await fixture().store.dropDocument(mine, offer.uploadId);
      expect(await fixture().store.receipt(theirs, offer.uploadId)).toBeDefined();
    });
    test('two yachts of one tenant share chunks, not uploads: the same upload id is two uploads', async () => {
      const one = await addYacht(fixture());
      const two = await addYacht(fixture(), one.tenantId);
      const offer = offerOf('shared');
      await storeDocument(fixture().store, one, offer, 'shared content');
      expect(
        await fixture().store.findChunks(two.tenantId, [sha256(Buffer.from('shared content'))]),
      ).toHaveLength(1);
      expect(await fixture().store.offerDocument(two, offer)).toEqual({ state: 'open', entries: [] });
      expect(await fixture().store.inventory(two, null, 10)).toEqual([]);
    });
  });
}
