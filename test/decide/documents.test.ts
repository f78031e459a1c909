import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../cloud/adapters/system-clock.ts';
import { createMemoryBlobs, type MemoryBlobs } from '../../cloud/blobs/memory.ts';
import { createDocuments, type Documents } from '../../cloud/decide/documents.ts';
import { createMemoryCloud, type MemoryCloud } from '../../cloud/memory/memory-store.ts';
import type { BlobStore, DeviceScope, Offer } from '../../cloud/ports.ts';
import { addYacht, comparable, offerOf, sha256 } from '../contracts/cloud-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('documents', () => {
  let cloud: MemoryCloud;
  let blobs: MemoryBlobs;
  let reads: number;
  let appends: number;
  let documents: Documents;
  let scope: DeviceScope;
  /** Another instance of the cloud over the same stores, as after a restart. */
  const instance = (hashedUploadsMax = 4) =>
    createDocuments({
      store: cloud.store,
      blobs: counting(blobs),
      limits: { hashedUploadsMax, readBackChunks: 3 },
    });
  const counting = (inner: BlobStore): BlobStore => ({
    append: (tenantId, chunks) => {
      appends += chunks.length;
      return inner.append(tenantId, chunks);
    },
    read: (tenantId, place) => {
      reads += 1;
      return inner.read(tenantId, place);
    },
    close: () => inner.close(),
  });

  beforeEach(async () => {
    cloud = createMemoryCloud({ clock: new FakeClock(), random: systemRandom });
    blobs = createMemoryBlobs();
    reads = 0;
    appends = 0;
    documents = instance();
    scope = await addYacht(cloud);
  });

  const cut = (count: number, size = 100) =>
    Array.from({ length: count }, () => new Uint8Array(randomBytes(size)));
  const sent = (chunks: Uint8Array[], from = 0) => chunks.map((bytes, at) => ({ index: from + at, bytes }));
  function finishOf(offer: Offer, chunks: Uint8Array[]) {
    const whole = createHash('sha256');
    for (const chunk of chunks) whole.update(chunk);
    return {
      uploadId: offer.uploadId,
      lengthBytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
      sha256: new Uint8Array(whole.digest()),
      chunks: chunks.length,
    };
  }
  async function open(name = 'doc', version = 1): Promise<Offer> {
    const offer = offerOf(name, version);
    await documents.offer(scope, offer);
    return offer;
  }
  async function content(documentId: string, version: number): Promise<Buffer> {
    const work = await cloud.store.takeIndexWork(documentId, version);
    const places = await cloud.store.findChunks(
      scope.tenantId,
      work!.entries.map((entry) => entry.id),
    );
    return Buffer.concat(await Promise.all(places.map((place) => blobs.read(scope.tenantId, place!))));
  }
  function receiptOf(answer: Awaited<ReturnType<Documents['finish']>>) {
    if (!('receipt' in answer)) throw new Error(JSON.stringify(answer));
    return answer.receipt;
  }

  test('chunks in order are hashed as they come: the finish reads nothing back', async () => {
    const offer = await open();
    const chunks = cut(7);
    await documents.store(scope, offer.uploadId, sent(chunks.slice(0, 4)), []);
    await documents.store(scope, offer.uploadId, sent(chunks.slice(4), 4), []);
    const receipt = receiptOf(await documents.finish(scope, finishOf(offer, chunks)));
    expect(reads).toBe(0);
    expect((await content(receipt.documentId, 1)).equals(Buffer.concat(chunks))).toBe(true);
  });

  test('chunks out of order, twice, and in any batch make the same document', async () => {
    const offer = await open();
    const chunks = cut(9);
    for (const index of [5, 0, 8, 1, 1, 7, 2, 3, 0, 6, 4])
      await documents.store(scope, offer.uploadId, [{ index, bytes: chunks[index]! }], []);
    const receipt = receiptOf(await documents.finish(scope, finishOf(offer, chunks)));
    expect((await content(receipt.documentId, 1)).equals(Buffer.concat(chunks))).toBe(true);
  });

  test('another instance, which saw none of the bytes, finishes by reading them back', async () => {
    const offer = await open();
    const chunks = cut(8);
    await documents.store(scope, offer.uploadId, sent(chunks), []);
    receiptOf(await instance().finish(scope, finishOf(offer, chunks)));
    expect(reads).toBe(8);
  });

  test('two instances that each saw a part agree with the whole', async () => {
    const offer = await open();
    const chunks = cut(8);
    const other = instance();
    await documents.store(scope, offer.uploadId, sent(chunks.slice(0, 3)), []);
    await other.store(scope, offer.uploadId, sent(chunks.slice(3), 3), []);
    receiptOf(await documents.finish(scope, finishOf(offer, chunks)));
    expect(reads).toBe(5);
  });

  test('more uploads at once than are followed costs reading, never a wrong hash', async () => {
    documents = instance(2);
    const uploads = [];
    for (let i = 0; i < 5; i += 1) uploads.push({ offer: await open(`doc ${i}`), chunks: cut(4) });
    for (let at = 0; at < 4; at += 1)
      for (const { offer, chunks } of uploads)
        await documents.store(scope, offer.uploadId, [{ index: at, bytes: chunks[at]! }], []);
    for (const { offer, chunks } of uploads)
      receiptOf(await documents.finish(scope, finishOf(offer, chunks)));
  });

  test('bytes the tenant holds are not written again', async () => {
    const chunks = cut(4);
    const first = await open('one');
    await documents.store(scope, first.uploadId, sent(chunks), []);
    const second = await open('two');
    await documents.store(scope, second.uploadId, sent([...chunks, chunks[0]!]), []);
    expect(appends).toBe(4);
    receiptOf(await documents.finish(scope, finishOf(second, [...chunks, chunks[0]!])));
  });

  test("another tenant's bytes are written again: nobody learns what others hold", async () => {
    const chunks = cut(2);
    await documents.store(scope, (await open()).uploadId, sent(chunks), []);
    scope = await addYacht(cloud);
    await documents.store(scope, (await open()).uploadId, sent(chunks), []);
    expect(appends).toBe(4);
  });

  test('references to chunks ashore take the place of bytes; unknown ones are asked for', async () => {
    const chunks = cut(3);
    const first = await open('base');
    await documents.store(scope, first.uploadId, sent(chunks), []);
    const second = await open('copy');
    const unknown = cut(1)[0]!;
    const answer = await documents.store(scope, second.uploadId, sent([chunks[0]!]), [
      { index: 1, id: sha256(chunks[1]!), length: 100 },
      { index: 2, id: sha256(unknown), length: 100 },
    ]);
    expect(answer).toEqual({ durable: [0, 1], missing: [2] });
    const finish = finishOf(second, [chunks[0]!, chunks[1]!, unknown]);
    expect(await documents.finish(scope, finish)).toEqual({ missing: [2] });
    await documents.store(scope, second.uploadId, [{ index: 2, bytes: unknown }], []);
    receiptOf(await documents.finish(scope, finish));
  });

  test('a finish before all chunks names the holes', async () => {
    const offer = await open();
    const chunks = cut(5);
    await documents.store(scope, offer.uploadId, [{ index: 3, bytes: chunks[3]! }], []);
    expect(await documents.finish(scope, finishOf(offer, chunks))).toEqual({ missing: [0, 1, 2, 4] });
  });

  test.each([
    ['another hash', { sha256: new Uint8Array(32) }],
    ['another length', { lengthBytes: 1 }],
    ['fewer chunks than came', { chunks: 2 }],
  ])('a finish with %s is a mismatch: nothing is stored, and the upload starts again', async (_, wrong) => {
    const offer = await open();
    const chunks = cut(3);
    await documents.store(scope, offer.uploadId, sent(chunks), []);
    expect(await documents.finish(scope, { ...finishOf(offer, chunks), ...wrong })).toEqual({
      mismatch: true,
    });
    expect(cloud.takeJob()).toBeUndefined();
    expect(await documents.offer(scope, offer)).toEqual({ state: 'open', entries: [] });
    await documents.store(scope, offer.uploadId, sent(chunks), []);
    receiptOf(await documents.finish(scope, finishOf(offer, chunks)));
  });

  test('a chunk replaced after it was hashed is hashed as it is recorded', async () => {
    const offer = await open();
    const [old, one, two] = cut(3) as [Uint8Array, Uint8Array, Uint8Array];
    await documents.store(scope, offer.uploadId, sent([old, one]), []);
    await documents.store(scope, offer.uploadId, [{ index: 0, bytes: two }], []);
    receiptOf(await documents.finish(scope, finishOf(offer, [two, one])));
    expect(reads).toBe(2);
  });

  test('a repeated finish answers the same receipt and makes no second job', async () => {
    const offer = await open();
    const chunks = cut(2);
    await documents.store(scope, offer.uploadId, sent(chunks), []);
    const first = receiptOf(await documents.finish(scope, finishOf(offer, chunks)));
    const again = receiptOf(await instance().finish(scope, finishOf(offer, chunks)));
    expect(comparable(again)).toEqual(comparable(first));
    expect(cloud.takeJob()).toBeDefined();
    expect(cloud.takeJob()).toBeUndefined();
    expect(await documents.finish(scope, finishOf(offer, cut(2)))).toEqual({ mismatch: true });
  });

  test('an empty document is a document', async () => {
    const offer = await open('empty');
    const receipt = receiptOf(await documents.finish(scope, finishOf(offer, [])));
    expect(receipt).toMatchObject({ lengthBytes: 0 });
  });

  test('bytes that rotted ashore are asked for again, and all versions made of them heal', async () => {
    const chunks = cut(3);
    const first = await open('rot', 1);
    await documents.store(scope, first.uploadId, sent(chunks), []);
    const stored = receiptOf(await documents.finish(scope, finishOf(first, chunks)));
    const [place] = await cloud.store.findChunks(scope.tenantId, [sha256(chunks[1]!)]);
    blobs.flip(scope.tenantId, place!);

    const second = await open('rot', 2);
    const references = chunks.map((chunk, index) => ({ index, id: sha256(chunk), length: 100 }));
    await documents.store(scope, second.uploadId, [], references);
    expect(await documents.finish(scope, finishOf(second, chunks))).toEqual({ missing: [1] });
    await documents.store(scope, second.uploadId, [{ index: 1, bytes: chunks[1]! }], []);
    receiptOf(await documents.finish(scope, finishOf(second, chunks)));
    expect((await content(stored.documentId, 1)).equals(Buffer.concat(chunks))).toBe(true);
  });

  test('bytes are durable before their rows, and rows before the answer', async () => {
    const order: string[] = [];
    const traced = createDocuments({
      store: {
        ...cloud.store,
        async recordChunks(...args) {
          order.push('rows');
          return cloud.store.recordChunks(...args);
        },
      },
      blobs: {
        ...counting(blobs),
        async append(tenantId, chunks) {
          const places = await blobs.append(tenantId, chunks);
          order.push('durable');
          return places;
        },
      },
    });
    const offer = await open();
    await traced.store(scope, offer.uploadId, sent(cut(1)), []).then(() => order.push('answer'));
    expect(order).toEqual(['durable', 'rows', 'answer']);
  });

  test('when the blob store is full nothing is recorded', async () => {
    const offer = await open();
    const full = createDocuments({
      store: cloud.store,
      blobs: { ...counting(blobs), append: () => Promise.reject(new Error('full')) },
    });
    await expect(full.store(scope, offer.uploadId, sent(cut(2)), [])).rejects.toThrow('full');
    expect(await cloud.store.openEntries(scope, offer.uploadId)).toEqual([]);
  });

  test('a dropped upload is gone, its hash too', async () => {
    const offer = await open();
    const chunks = cut(2);
    await documents.store(scope, offer.uploadId, sent(chunks), []);
    await documents.drop(scope, offer.uploadId);
    await expect(documents.finish(scope, finishOf(offer, chunks))).rejects.toMatchObject({
      code: 'TENDER_UPLOAD_UNKNOWN',
    });
  });
});
