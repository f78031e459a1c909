import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Name } from '../../cloud/contract/name.ts';
import type { SearchHit } from '../../cloud/library.ts';
import type { DeviceScope, Receipt } from '../../cloud/ports.ts';
import { addTenant, addYacht, offerOf, placed, plain, storeDocument } from '../contracts/cloud-fixture.ts';
import { type PostgresCloud, postgresCloud } from '../support/postgres-cloud.ts';

describe('the library', () => {
  let cloud: PostgresCloud;
  beforeAll(async () => {
    cloud = await postgresCloud();
  });
  afterAll(() => cloud.close());

  async function index(scope: DeviceScope, name: Name, passages: string[], version = 1): Promise<Receipt> {
    const content = `${JSON.stringify(name)} ${version} ${passages.join()}`;
    const receipt = await storeDocument(cloud.store, scope, offerOf(name, version), content);
    const work = await cloud.store.takeIndexWork(receipt.documentId, version);
    await cloud.store.recordIndexed(work!, { passages, reason: passages.length ? '' : 'no text in it' });
    return receipt;
  }
  const search = async (scope: DeviceScope, text: string) =>
    (await cloud.library.search(scope.tenantId, { text, limit: 20 })).hits;
  const names = (hits: readonly SearchHit[]) => hits.map((hit) => hit.name).sort();
  const marked = (hit: SearchHit | undefined) => hit?.snippet.filter((_, at) => at % 2 === 1);

  test('words are found in text, in any form that English knows, with the match marked', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'service.pdf', ['The bilge pumps were overhauled in Palma.', 'Nothing else to say.']);
    const [hit] = await search(scope, 'pump overhaul');
    expect(hit).toMatchObject({ name: 'service.pdf', deviceName: 'Aurora', version: 1, matched: 'text' });
    expect(marked(hit)).toEqual(['pumps', 'overhauled']);
    expect(hit!.snippet.join('')).toBe('bilge pumps were overhauled in Palma');
  });
  test('words of other languages are found as written, whatever their case', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'logbuch.txt', ['Ölwechsel der Hauptmaschine, Größe 40']);
    expect(names(await search(scope, 'ölwechsel GRÖßE'))).toEqual(['logbuch.txt']);
  });
  test('a phrase, an exclusion and an alternative mean what people mean by them', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'a', ['main engine oil filter']);
    await index(scope, 'b', ['oil for the main galley']);
    expect(names(await search(scope, '"main engine"'))).toEqual(['a']);
    expect(names(await search(scope, 'main -engine'))).toEqual(['b']);
    expect(names(await search(scope, 'filter or galley'))).toEqual(['a', 'b']);
  });
  test('a document without text is found by its name, also by the beginning of a word', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'crew/passport-scan_2024.jpg', []);
    for (const text of ['passport', 'PASSP', 'scan 2024', 'crew jpg'])
      expect(names(await search(scope, text)), text).toEqual(['crew/passport-scan_2024.jpg']);
    const [hit] = await search(scope, 'passp scan');
    expect(hit).toMatchObject({ matched: 'name' });
    expect(marked(hit)).toEqual(['passp', 'scan']);
    expect(hit!.snippet.join('')).toBe('crew/passport-scan_2024.jpg');
  });
  test('hits in text stand before hits in names', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'anchor.jpg', []);
    await index(scope, 'notes.txt', ['the anchor is fouled']);
    expect((await search(scope, 'anchor')).map((hit) => hit.name)).toEqual(['notes.txt', 'anchor.jpg']);
  });
  test('only the newest indexed version is found, and a late older one does not come back', async () => {
    const scope = await addYacht(cloud);
    const first = await storeDocument(cloud.store, scope, offerOf('plan', 1), 'plan one');
    const slow = await cloud.store.takeIndexWork(first.documentId, 1);
    await index(scope, 'plan', ['second edition'], 2);
    await cloud.store.recordIndexed(slow!, { passages: ['first edition'], reason: '' });
    expect(await search(scope, 'first')).toEqual([]);
    expect(await search(scope, 'second')).toMatchObject([{ version: 2 }]);
    const third = await storeDocument(cloud.store, scope, offerOf('plan', 3), 'plan three');
    expect(third.documentId).toBe(first.documentId);
    expect(await search(scope, 'second')).toMatchObject([{ version: 2 }]);
  });
  test('a text cannot forge the marks of a match', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'forged', ['\u0001forged\u0002 keyword <b>bold</b>']);
    const [hit] = await search(scope, 'keyword');
    expect(marked(hit)).toEqual(['keyword']);
  });
  test('any text is a question: operators, quotes and nonsense find nothing and break nothing', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'ordinary', ['ordinary text']);
    for (const text of [
      '',
      ' ',
      '"',
      "'",
      '!!!',
      '&|!()',
      "a' | b:*",
      ':*',
      '-',
      'or',
      '\u0000',
      '\ud800',
      "'; drop",
    ])
      expect(Array.isArray(await search(scope, text)), JSON.stringify(text)).toBe(true);
    expect(await search(scope, 'x '.repeat(5_000))).toEqual([]);
  });
  test('pages follow each other without gap or repetition, to the end', async () => {
    const scope = await addYacht(cloud);
    for (let i = 0; i < 11; i += 1)
      await index(scope, `page ${i}`, [`lighthouse ${'filler '.repeat(i % 4)}`]);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await cloud.library.search(scope.tenantId, {
        text: 'lighthouse',
        limit: 3,
        ...(cursor === null ? {} : { cursor }),
      });
      seen.push(...page.hits.map((hit) => hit.documentId));
      cursor = page.next;
    } while (cursor !== null);
    expect(seen).toHaveLength(11);
    expect(new Set(seen).size).toBe(11);
  });
  test.each(['', 'x', 'eyJhIjoxfQ', Buffer.from('[1,"x"]').toString('base64url'), '1.2'])(
    'a cursor that is not ours is refused: %j',
    async (cursor) => {
      const tenantId = await addTenant(cloud.registry);
      const invalid = { code: 'TENDER_CURSOR_INVALID' };
      await expect(cloud.library.search(tenantId, { text: 'x', limit: 1, cursor })).rejects.toMatchObject(
        invalid,
      );
      await expect(cloud.library.documents(tenantId, { limit: 1, cursor })).rejects.toMatchObject(invalid);
    },
  );

  test('a document shows its head, its versions and the state of their indexing', async () => {
    const scope = await addYacht(cloud);
    await index(scope, 'manual', ['one'], 1);
    const head = await storeDocument(cloud.store, scope, offerOf('manual', 2), 'two');
    const details = await cloud.library.document(scope.tenantId, head.documentId);
    expect(details).toMatchObject({
      documentId: head.documentId,
      deviceId: scope.deviceId,
      deviceName: 'Aurora',
      name: 'manual',
      head: {
        version: 2,
        lengthBytes: 3,
        index: { state: 'waiting', attempt: 0, passages: 0, indexedMs: null },
      },
    });
    const versions = await cloud.library.versions(scope.tenantId, head.documentId, 10);
    expect(versions.map((row) => [row.version, row.index.state])).toEqual([
      [2, 'waiting'],
      [1, 'indexed'],
    ]);
  });
  test('documents are listed newest first, page by page', async () => {
    const scope = await addYacht(cloud);
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) ids.push((await index(scope, name, [])).documentId);
    const first = await cloud.library.documents(scope.tenantId, { limit: 2 });
    const second = await cloud.library.documents(scope.tenantId, { limit: 2, cursor: first.next! });
    expect(second.next).toBeNull();
    const all = [...first.documents, ...second.documents];
    expect(all.map((row) => row.documentId).sort()).toEqual(ids.sort());
    const times = all.map((row) => row.head.storedMs);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });
  test('content is the places of all chunks in order, of the head or of a version', async () => {
    const scope = await addYacht(cloud);
    const offer = offerOf('big');
    const entries = Array.from({ length: 1_300 }, (_, at) => placed(at, `chunk ${at % 700}`));
    await cloud.store.offerDocument(scope, offer);
    await cloud.store.recordChunks(scope, offer.uploadId, entries);
    const receipt = await cloud.store.finishVersion(scope, {
      uploadId: offer.uploadId,
      lengthBytes: entries.reduce((sum, entry) => sum + entry.length, 0),
      sha256: randomBytes(32),
      entries,
    });
    const content = await cloud.library.content(scope.tenantId, receipt.documentId);
    expect(content!.entries.map(plain)).toEqual(entries.map(plain));
    const lengths: number[] = [];
    for await (const place of content!.places()) lengths.push(place.length);
    expect(lengths).toEqual(entries.map((entry) => entry.length));
    expect(await cloud.library.content(scope.tenantId, receipt.documentId, 9)).toBeUndefined();
  });
  test('an upload shows what is durable while open, and its document when stored', async () => {
    const scope = await addYacht(cloud);
    const offer = offerOf('status');
    await cloud.store.offerDocument(scope, offer);
    await cloud.store.recordChunks(scope, offer.uploadId, [placed(0, 'abc'), placed(1, 'de')]);
    expect(await cloud.library.upload(scope.tenantId, offer.uploadId)).toMatchObject({
      state: 'open',
      deviceId: scope.deviceId,
      name: 'status',
      version: 1,
      durableBytes: 5,
      chunks: 2,
    });
    const sister = await addYacht(cloud, scope.tenantId);
    expect(await cloud.library.upload(scope.tenantId, offer.uploadId, sister.deviceId)).toBeUndefined();
    const receipt = await storeDocument(cloud.store, scope, offer, 'abcde');
    expect(await cloud.library.upload(scope.tenantId, offer.uploadId, scope.deviceId)).toMatchObject({
      state: 'stored',
      documentId: receipt.documentId,
      details: { version: 1, index: { state: 'waiting' } },
    });
  });
  test('a failed version is in quarantine with its reason until it is tried again', async () => {
    const scope = await addYacht(cloud);
    const receipt = await storeDocument(cloud.store, scope, offerOf('poison'), 'poison');
    const work = await cloud.store.takeIndexWork(receipt.documentId, 1);
    await cloud.store.recordIndexFailed(work!, { code: 'TENDER_TEST_POISON', reason: 'the parser broke' });
    expect(await cloud.library.quarantine(scope.tenantId, 10)).toMatchObject([
      { documentId: receipt.documentId, name: 'poison', version: 1, attempt: 1, code: 'TENDER_TEST_POISON' },
    ]);
    const before = (await cloud.jobs()).length;
    expect((await cloud.library.counts()).versionsFailed).toBe(1);
    await cloud.owner('delete from graphile_worker._private_jobs');
    expect(await cloud.library.retryIndexing(scope.tenantId, receipt.documentId, 1)).toBe(true);
    expect(await cloud.library.retryIndexing(scope.tenantId, receipt.documentId, 1)).toBe(false);
    expect(await cloud.jobs()).toEqual([{ documentId: receipt.documentId, version: 1 }]);
    expect(before).toBeGreaterThan(0);
    expect(await cloud.library.quarantine(scope.tenantId, 10)).toEqual([]);
    expect((await cloud.store.takeIndexWork(receipt.documentId, 1))!.attempt).toBe(2);
  });
  test("another tenant's documents, uploads and content are as unknown as random ids", async () => {
    const theirs = await addYacht(cloud);
    const tenantId = await addTenant(cloud.registry);
    const receipt = await index(theirs, 'private', ['confidential lighthouse']);
    for (const id of [receipt.documentId, randomUUID(), 'no id']) {
      expect(await cloud.library.document(tenantId, id)).toBeUndefined();
      expect(await cloud.library.versions(tenantId, id, 10)).toEqual([]);
      expect(await cloud.library.content(tenantId, id)).toBeUndefined();
      expect(await cloud.library.retryIndexing(tenantId, id, 1)).toBe(false);
    }
    expect(await cloud.library.upload(tenantId, receipt.uploadId)).toBeUndefined();
    expect((await cloud.library.documents(tenantId, { limit: 10 })).documents).toEqual([]);
    expect((await cloud.library.search(tenantId, { text: 'confidential', limit: 10 })).hits).toEqual([]);
  });
});
