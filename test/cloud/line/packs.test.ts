import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { PackFrame, YachtFrame } from '../../../cloud/contract/frames.ts';
import { mintUlid } from '../../../cloud/contract/ids.ts';
import { encodePack, type PackDocument } from '../../../cloud/contract/pack.ts';
import { rawLane } from '../../line/support/raw-lane.ts';
import { memoryShore } from '../../line/support/shore.ts';
import { content, sha256 } from '../../line/support/yacht.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const idOf = (n: number) => mintUlid(1_767_225_600_000 + n, new Uint8Array(10).fill(n));

function document(handle: number, bytes: Uint8Array, other: Partial<PackDocument> = {}): PackDocument {
  const name = new TextEncoder().encode(`small/${handle}.txt`);
  const uploadId = idOf(handle);
  const said = { handle, uploadId, version: 1, priority: 5, modifiedMs: 0, name };
  return { ...said, sha256: sha256(bytes), content: bytes, ...other };
}

function pack(documents: readonly PackDocument[], isEncoded = true): PackFrame {
  const list = encodePack(documents);
  const said = { type: 'PACK', lengthBytes: list.length } as const;
  if (!isEncoded) return { ...said, bytes: list };
  return { ...said, encoding: 'zstd', bytes: new Uint8Array(zstdCompressSync(list)) };
}

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

describe('what overtakes', () => {
  test('is kept until its OFFER comes, in bounded memory; without one the yacht is told', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock, { limits: { earlyMaxBytes: 100_000 } });
    const lane = await rawLane(shore, clock);
    for (let handle = 0; handle < 40; handle++)
      for (let index = 0; index < 4; index++)
        lane.say({ type: 'SLICE', handle, index, offset: 0, bytes: new Uint8Array(4_000) });
    await clock.advance(100);
    const refused = () => new Set(lane.of('REFUSED').map((frame) => frame.handle));
    expect(refused().size).toBeGreaterThanOrEqual(33); // the oldest went: there is room for six
    expect(refused().size).toBeLessThan(36);
    await clock.advance(20_000);
    expect(refused().size).toBe(40);
    expect(lane.of('REFUSED').every((frame) => frame.code === 'TENDER_UPLOAD_UNKNOWN')).toBe(true);
    expect(lane.closed).toBeUndefined();
    expect(clock.pending).toBeLessThan(20);
  });

  test('handles scattered over their whole range end the session', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock, { limits: { handleGapsMax: 50, earlyMaxBytes: 1_000 } });
    const lane = await rawLane(shore, clock);
    for (let n = 0; n < 200; n++)
      lane.say({ type: 'SLICE', handle: n * 1_000, index: 0, offset: 0, bytes: new Uint8Array(100) });
    expect(lane.of('BYE')).toMatchObject([{ code: 'TENDER_LIMIT_EXCEEDED' }]);
  });
});

describe('a session without lanes', () => {
  test('is remembered: documents go on under their handles, what was said meanwhile comes with the next lane', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const bytes = content(9_000);
    const [uploadId, name] = [idOf(1), new TextEncoder().encode('going/on.txt')];
    const before = await rawLane(shore, clock, { lane: 3 });
    before.say({
      type: 'OFFER',
      handle: 0,
      uploadId,
      version: 1,
      priority: 5,
      modifiedMs: 0,
      name,
      extensions: [],
    });
    before.say({ type: 'MANIFEST', handle: 0, first: 0, entries: [{ length: 9_000 }], extensions: [] });
    before.say({ type: 'SLICE', handle: 0, index: 0, offset: 0, bytes: bytes.subarray(0, 5_000) });
    await clock.advance(100);
    before.cut();
    await clock.advance(300_000);
    const after = await rawLane(shore, clock, { lane: 1 });
    expect(after.of('HELLO')[0]).toMatchObject({ serial: 2, sinceMs: before.of('HELLO')[0]!.sinceMs });
    after.say({ type: 'SLICE', handle: 0, index: 0, offset: 5_000, bytes: bytes.subarray(5_000) });
    const finish = { lengthBytes: 9_000, chunks: 1, sha256: sha256(bytes) };
    after.say({ type: 'FINISH', handle: 0, ...finish, extensions: [] });
    after.cut();
    await clock.advance(1_000);
    const last = await rawLane(shore, clock, { lane: 1 });
    await clock.advance(100);
    expect(last.of('RECEIPT').flatMap((frame) => frame.receipts)).toMatchObject([{ uploadId }]);
  });

  test('is forgotten after ten minutes, and HELLO says so', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const before = await rawLane(shore, clock);
    before.cut();
    await clock.advance(601_000);
    const after = await rawLane(shore, clock);
    expect(after.of('HELLO')[0]!.serial).toBe(1);
    expect(after.of('HELLO')[0]!.sinceMs).toBeGreaterThan(before.of('HELLO')[0]!.sinceMs);
  });
});

describe('a lane that sleeps', () => {
  test('takes no receipt along: it is said again on another as soon as that one is heard from', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const asleep = await rawLane(shore, clock, { lane: 0 });
    const awake = await rawLane(shore, clock, { lane: 1 });
    asleep.say(pack([document(0, content(500))]));
    await clock.advance(300);
    expect(asleep.of('RECEIPT')).toHaveLength(1); // and nobody hears it
    expect(awake.of('RECEIPT')).toEqual([]);
    awake.say({ type: 'PING', stamp: 1 });
    await clock.advance(3_000);
    expect(awake.of('RECEIPT')).toHaveLength(1);
    const said = awake.heard.length + asleep.heard.length;
    await clock.advance(3_600_000);
    expect(awake.heard.length + asleep.heard.length).toBe(said); // silence costs nothing
  });
});
