// Contract of CloudStore, whole documents: many at once are answered as if each had been offered and finished alone.
import { describe, expect, test } from 'vitest';
import type { DeviceScope, WholeVersion } from '../../cloud/ports.ts';
import {
  addYacht,
  type CloudFixture,
  offerOf,
  placed,
  plain,
  sha256,
  storeDocument,
} from './cloud-fixture.ts';

function whole(name: string, content: string, version = 1): WholeVersion {
  const offer = offerOf(name, version);
  if (content === '') return { offer, lengthBytes: 0, sha256: sha256(new Uint8Array(0)) };
  const { id, length, place } = placed(0, content);
  return { offer, lengthBytes: length, sha256: id, place };
}

export function wholeContract(fixture: () => CloudFixture): void {
  const store = (scope: DeviceScope, versions: readonly WholeVersion[]) =>
    fixture().store.storeWhole(scope, versions);

  describe('whole documents', () => {
    test('many at once get receipts, heads and jobs, in the order asked; asked again, the same receipts', async () => {
      const scope = await addYacht(fixture());
      const before = (await fixture().jobs()).length;
      const versions = [
        ...Array.from({ length: 40 }, (_, n) => whole(`many/${n}`, `content ${n % 7}`)),
        whole('many/empty', ''),
        whole('many/3', 'a newer one', 2),
        whole('many/3', 'the newest', 3),
      ];
      const answers = await store(scope, versions);
      expect(answers.map((answer) => answer.state)).toEqual(versions.map(() => 'finished'));
      for (const [at, answer] of answers.entries()) {
        if (answer.state !== 'finished') throw new Error(answer.state);
        const { uploadId, version, lengthBytes } = answer.receipt;
        const { offer } = versions[at]!;
        expect({ uploadId, version, lengthBytes }).toEqual({
          uploadId: offer.uploadId,
          version: offer.version,
          lengthBytes: versions[at]!.lengthBytes,
        });
        expect(Buffer.from(answer.receipt.sha256)).toEqual(Buffer.from(versions[at]!.sha256));
        expect(await fixture().store.receipt(scope, uploadId)).toEqual(answer.receipt);
        expect((await fixture().store.offerDocument(scope, offer)).state).toBe('finished');
      }
      expect((await fixture().jobs()).length).toBe(before + versions.length);
      expect(await store(scope, versions)).toEqual(answers);
      expect((await fixture().jobs()).length).toBe(before + versions.length);
      const [row] = await fixture().store.inventory(scope, 'many/2', 1);
      expect(row).toMatchObject({ name: 'many/20' });
      const rows = await fixture().store.inventory(scope, null, 100);
      expect(rows.find((one) => one.name === 'many/3')).toMatchObject({ version: 3 });
      expect(rows).toHaveLength(41);
    });

    test('content that is ashore needs no place; what is not ashore is missing, and the others are stored', async () => {
      const scope = await addYacht(fixture());
      const first = whole('named/first', 'the same words');
      await store(scope, [first]);
      const { place: _, ...named } = { ...first, offer: offerOf('named/second') };
      const { place: __, ...stranger } = whole('named/stranger', 'never seen');
      const answers = await store(scope, [named, stranger, whole('named/third', 'other')]);
      expect(answers.map((answer) => answer.state)).toEqual(['finished', 'missing', 'finished']);
      expect(await fixture().store.receipt(scope, stranger.offer.uploadId)).toBeUndefined();
      const entries = await fixture().store.versionEntries(scope, 'named/second', 1);
      expect(entries!.map(plain)).toEqual([{ index: 0, id: first.sha256, length: first.lengthBytes }]);
    });

    test('another upload of the same version conflicts, stored or open; the same upload begun otherwise does not', async () => {
      const scope = await addYacht(fixture());
      await store(scope, [whole('taken', 'one')]);
      const open = offerOf('open');
      await fixture().store.offerDocument(scope, open);
      const begun = whole('begun', 'in chunks first');
      await fixture().store.offerDocument(scope, begun.offer);
      const answers = await store(scope, [
        whole('taken', 'two'),
        whole('open', 'three'),
        begun,
        whole('twice', 'four'),
        whole('twice', 'five'),
      ]);
      expect(answers.map((answer) => answer.state)).toEqual([
        'conflict',
        'conflict',
        'finished',
        'finished',
        'conflict',
      ]);
      await expect(fixture().store.openEntries(scope, begun.offer.uploadId)).rejects.toMatchObject({
        code: 'TENDER_UPLOAD_UNKNOWN',
      });
    });

    test('a fenced session stores nothing', async () => {
      const scope = await addYacht(fixture());
      const versions = [whole('fenced', 'late')];
      await expect(store({ ...scope, epoch: scope.epoch - 1 }, versions)).rejects.toMatchObject({
        code: 'TENDER_SESSION_FENCED',
      });
      expect(await fixture().store.receipt(scope, versions[0]!.offer.uploadId)).toBeUndefined();
    });

    test('groups at the same time with the same documents store each once', async () => {
      const scope = await addYacht(fixture());
      const versions = Array.from({ length: 20 }, (_, n) => whole(`raced/${n}`, `raced ${n}`));
      const [one, two] = await Promise.all([store(scope, versions), store(scope, [...versions].reverse())]);
      expect([...two].reverse()).toEqual(one);
      expect(one.map((answer) => answer.state)).toEqual(versions.map(() => 'finished'));
    });
  });

  describe('what a version is made of', () => {
    test('is told by name and version, to its own device only', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('base/plan.pdf');
      await storeDocument(fixture().store, scope, offer, 'the plan');
      const entries = await fixture().store.versionEntries(scope, offer.name, 1);
      expect(entries!.map(plain)).toEqual([
        { index: 0, id: sha256(Buffer.from('the plan')), length: 'the plan'.length },
      ]);
      expect(await fixture().store.versionEntries(scope, offer.name, 2)).toBeUndefined();
      expect(await fixture().store.versionEntries(scope, 'base/other.pdf', 1)).toBeUndefined();
      const sister = await addYacht(fixture(), scope.tenantId);
      expect(await fixture().store.versionEntries(sister, offer.name, 1)).toBeUndefined();
    });

    test('is told in parts, each entry under its index, fewer beyond the end', async () => {
      const scope = await addYacht(fixture());
      const offer = offerOf('base/long.pdf');
      await storeDocument(fixture().store, scope, offer, 'one', 'two', 'three', 'four');
      const all = (await fixture().store.versionEntries(scope, offer.name, 1))!.map(plain);
      expect(all.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
      const part = async (first: number, count: number) =>
        (await fixture().store.versionEntries(scope, offer.name, 1, { first, count }))!.map(plain);
      expect(await part(0, 4)).toEqual(all);
      expect(await part(1, 2)).toEqual(all.slice(1, 3));
      expect(await part(3, 512)).toEqual(all.slice(3));
      expect(await part(4, 1)).toEqual([]);
      expect(await part(2 ** 31 - 1, 2 ** 31)).toEqual([]);
      const range = { first: 0, count: 1 };
      expect(await fixture().store.versionEntries(scope, offer.name, 2, range)).toBeUndefined();
    });
  });
}
