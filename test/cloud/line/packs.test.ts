import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { YachtFrame } from '../../../cloud/contract/frames.ts';
import { encodePack } from '../../../cloud/contract/pack.ts';
import { rawLane } from '../../line/support/raw-lane.ts';
import { memoryShore } from '../../line/support/shore.ts';
import { content } from '../../line/support/yacht.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { document, idOf, pack } from './support/packed.ts';

describe('packs', () => {
  test('whole documents are stored and receipted together, without an offer, and repeated they are receipted again', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const lane = await rawLane(shore, clock);
    const bodies = Array.from({ length: 100 }, (_, n) => content(n * 20, n));
    const documents = bodies.map((bytes, n) => document(n, bytes));
    lane.say(pack(documents.slice(0, 60)));
    lane.say(pack(documents.slice(60), false));
    await clock.advance(200);
    const receipts = lane.of('RECEIPT').flatMap((frame) => frame.receipts.map((one) => one.uploadId));
    expect([...receipts].sort()).toEqual(documents.map((one) => one.uploadId).sort());
    expect(lane.of('RECEIPT')).toHaveLength(2); // 64 share a signature
    for (const { uploadId } of documents.slice(1, 20))
      expect(Buffer.from((await shore.content(uploadId)).subarray())).toEqual(
        Buffer.from(documents.find((one) => one.uploadId === uploadId)!.content),
      );
    // The lane that carried it died before anybody knew: it comes again, under the same handles or under others.
    lane.heard.length = 0;
    lane.say(pack(documents.slice(0, 3)));
    lane.say(pack([document(200, bodies[5]!, { uploadId: idOf(5), name: documents[5]!.name })]));
    await clock.advance(200);
    const again = lane.of('RECEIPT').flatMap((frame) => frame.receipts.map((one) => one.uploadId));
    expect([...again].sort()).toEqual([idOf(0), idOf(1), idOf(2), idOf(5)].sort());
    expect(lane.of('REFUSED')).toEqual([]);
    expect(lane.closed).toBeUndefined();
  });

  test('each document is judged alone: a bad name, other bytes, a taken version refuse that one', async () => {
    const clock = new FakeClock();
    const lane = await rawLane(await memoryShore(clock), clock);
    lane.say(
      pack([
        document(0, content(100)),
        document(1, content(101), { name: new Uint8Array(0) }),
        document(2, content(102), { sha256: new Uint8Array(32) }),
        document(3, content(103), { name: new TextEncoder().encode('small/0.txt') }),
        document(4, content(104), { version: 0 }),
        document(5, content(105)),
      ]),
    );
    await clock.advance(200);
    const refused = lane.of('REFUSED').map(({ handle, code }) => [handle, code]);
    expect(refused.sort()).toEqual([
      [1, 'TENDER_NAME_INVALID'],
      [2, 'TENDER_CONTENT_MISMATCH'],
      [3, 'TENDER_VERSION_CONFLICT'],
      [4, 'TENDER_NAME_INVALID'],
    ]);
    const receipts = lane.of('RECEIPT').flatMap((frame) => frame.receipts.map((one) => one.uploadId));
    expect(receipts).toEqual([idOf(0), idOf(5)]);
    expect(lane.closed).toBeUndefined();
  });

  test('bombs, garbage and lies about length end the lane, and cost no memory', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const good = pack([document(0, content(100))]);
    const bomb = new Uint8Array(zstdCompressSync(new Uint8Array(200 * 1024 * 1024)));
    const list = encodePack([document(1, content(100))]);
    const bad: YachtFrame[] = [
      { type: 'PACK', encoding: 'zstd', lengthBytes: 262_144, bytes: bomb.subarray(0, 120_000) },
      { ...good, lengthBytes: good.lengthBytes + 1 },
      { ...good, lengthBytes: good.lengthBytes - 1 },
      { ...good, bytes: good.bytes.subarray(0, good.bytes.length - 3) },
      { type: 'PACK', encoding: 'zstd', lengthBytes: 100, bytes: new Uint8Array(100).fill(7) },
      { type: 'PACK', lengthBytes: list.length + 1, bytes: new Uint8Array([...list, 0]) },
      { type: 'PACK', lengthBytes: 1, bytes: new Uint8Array(1) },
    ];
    for (const frame of bad) {
      const lane = await rawLane(shore, clock);
      lane.say(frame);
      expect(lane.closed).toBe(1008);
    }
    expect(shore.logged).toEqual([]);
  });

  test('a store that is away refuses them for now, and they come again', async () => {
    const clock = new FakeClock();
    let isAway = true;
    const shore = await memoryShore(clock, {
      wrap: (documents) => ({
        ...documents,
        storeWhole: (...parts) =>
          isAway ? Promise.reject(new Error('away')) : documents.storeWhole(...parts),
      }),
    });
    const lane = await rawLane(shore, clock);
    lane.say(pack([document(0, content(100)), document(1, content(101))]));
    await clock.advance(100);
    expect(lane.of('REFUSED').map(({ handle, class: kind }) => [handle, kind])).toEqual([
      [0, 'SERVER'],
      [1, 'SERVER'],
    ]);
    isAway = false;
    const anew = [
      document(2, content(100), { uploadId: idOf(0) }),
      document(3, content(101), { uploadId: idOf(1) }),
    ];
    lane.say(pack(anew));
    await clock.advance(100);
    expect(lane.of('RECEIPT').flatMap((frame) => frame.receipts)).toHaveLength(2);
  });
});
