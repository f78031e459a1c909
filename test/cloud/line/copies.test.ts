import { describe, expect, test } from 'vitest';
import { mintUlid } from '../../../cloud/contract/ids.ts';
import { type RawLane, rawLane } from '../../line/support/raw-lane.ts';
import { memoryShore } from '../../line/support/shore.ts';
import { content, sha256 } from '../../line/support/yacht.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const name = new TextEncoder().encode('plans/deck.pdf');
const idOf = (n: number) => mintUlid(1_767_225_600_000 + n, new Uint8Array(10).fill(n));
const chunkBytes = 1_000;

function offer(lane: RawLane, handle: number, version: number, other = name): void {
  const uploadId = idOf(handle);
  lane.say({
    type: 'OFFER',
    handle,
    uploadId,
    version,
    priority: 5,
    modifiedMs: 0,
    name: other,
    extensions: [],
  });
}

function chunk(lane: RawLane, handle: number, index: number, bytes: Uint8Array): void {
  lane.say({ type: 'MANIFEST', handle, first: index, entries: [{ length: bytes.length }], extensions: [] });
  lane.say({ type: 'SLICE', handle, index, offset: 0, bytes });
}

function finish(lane: RawLane, handle: number, bytes: Uint8Array): void {
  const chunks = Math.ceil(bytes.length / chunkBytes);
  const said = { lengthBytes: bytes.length, chunks, sha256: sha256(bytes) };
  lane.say({ type: 'FINISH', handle, ...said, extensions: [] });
}

function whole(lane: RawLane, handle: number, version: number, bytes: Uint8Array): void {
  offer(lane, handle, version);
  for (let at = 0; at < bytes.length; at += chunkBytes)
    chunk(lane, handle, at / chunkBytes, bytes.subarray(at, at + chunkBytes));
  finish(lane, handle, bytes);
}

const receipts = (lane: RawLane) => lane.of('RECEIPT').flatMap((frame) => frame.receipts);

describe('chunks named by their place in an older version', () => {
  test('make a new version without their bytes, in whatever order runs, offer and finish arrive', async () => {
    for (const order of ['in order', 'copy before offer', 'finish first']) {
      const clock = new FakeClock();
      const shore = await memoryShore(clock);
      const lane = await rawLane(shore, clock);
      const base = content(600 * chunkBytes);
      whole(lane, 0, 1, base);
      await clock.advance(1_000);
      expect(receipts(lane)).toHaveLength(1);
      // Its end first, a new chunk, then the most of it.
      const fresh = content(chunkBytes, 99);
      const next = new Uint8Array(
        Buffer.concat([base.subarray(590 * chunkBytes), fresh, base.subarray(0, 580 * chunkBytes)]),
      );
      const runs = (...pairs: [number, number][]) =>
        pairs.map(([baseIndex, count]) => ({ baseIndex, count }));
      const copy = (first: number, ...pairs: [number, number][]) =>
        lane.say({ type: 'COPY', handle: 1, first, baseVersion: 1, runs: runs(...pairs), extensions: [] });
      if (order === 'in order') offer(lane, 1, 2);
      if (order === 'finish first') finish(lane, 1, next);
      copy(0, [590, 10]);
      chunk(lane, 1, 10, fresh);
      copy(11, [0, 300], [300, 280]);
      if (order !== 'finish first') finish(lane, 1, next);
      if (order !== 'in order') offer(lane, 1, 2);
      await clock.advance(3_000);
      if (order === 'finish first' && receipts(lane).length < 2) finish(lane, 1, next);
      await clock.advance(3_000);
      expect(receipts(lane), order).toHaveLength(2);
      expect((await shore.content(idOf(1))).equals(next)).toBe(true);
      expect(lane.of('REFUSED')).toEqual([]);
    }
  });

  test('a base that is not ashore, too short, or of another document is asked for as bytes, and the rest is taken', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const lane = await rawLane(shore, clock);
    const base = content(10 * chunkBytes);
    whole(lane, 0, 1, base);
    await clock.advance(1_000);
    const next = base.subarray(0, 6 * chunkBytes);
    offer(lane, 1, 2);
    const copy = (first: number, baseVersion: number, baseIndex: number, count: number) =>
      lane.say({ type: 'COPY', handle: 1, first, baseVersion, runs: [{ baseIndex, count }], extensions: [] });
    copy(0, 1, 0, 2);
    copy(2, 7, 2, 1); // no such version
    copy(3, 1, 9, 2); // beyond its end
    copy(5, 1, 5, 1);
    finish(lane, 1, next);
    await clock.advance(1_000);
    const wants = lane.of('WANT');
    expect(wants.every((want) => want.handle === 1)).toBe(true);
    const asked = wants.flatMap((want) => want.runs.flatMap((run) => [run.start, run.end]));
    expect([Math.min(...asked), Math.max(...asked)]).toEqual([2, 5]);
    for (const index of [2, 3, 4])
      chunk(lane, 1, index, next.subarray(index * chunkBytes, (index + 1) * chunkBytes));
    finish(lane, 1, next);
    await clock.advance(1_000);
    expect(receipts(lane)).toHaveLength(2);

    offer(lane, 2, 1, new TextEncoder().encode('plans/other.pdf'));
    lane.say({
      type: 'COPY',
      handle: 2,
      first: 0,
      baseVersion: 1,
      runs: [{ baseIndex: 0, count: 1 }],
      extensions: [],
    });
    await clock.advance(100);
    expect(lane.of('WANT').at(-1)).toMatchObject({ handle: 2, reason: 'unknown-reference' });
  });

  test('however long the base and wherever runs point, little of its manifest is read at once, and held', async () => {
    const clock = new FakeClock();
    const asked: number[] = [];
    let mostHeld = 0;
    const shore = await memoryShore(clock, {
      wrap: (documents) => ({
        ...documents,
        baseEntries: async (scope, of, version, range) => {
          asked.push(range.first);
          const entries = await documents.baseEntries(scope, of, version, range);
          mostHeld = Math.max(mostHeld, entries?.length ?? 0);
          return entries;
        },
      }),
    });
    const lane = await rawLane(shore, clock);
    const pieces = Array.from({ length: 1_300 }, (_, n) => content(40, n));
    const base = new Uint8Array(Buffer.concat(pieces));
    offer(lane, 0, 1);
    for (const [index, bytes] of pieces.entries()) chunk(lane, 0, index, bytes);
    lane.say({
      type: 'FINISH',
      handle: 0,
      lengthBytes: base.length,
      chunks: 1_300,
      sha256: sha256(base),
      extensions: [],
    });
    await clock.advance(3_000);
    expect(receipts(lane)).toHaveLength(1);
    // From the end to the beginning, across every window, and all of it once more.
    const order = [
      [1_299, 1],
      [500, 700],
      [0, 2],
      [1_200, 99],
      [2, 498],
      [0, 1_300],
    ] as const;
    const next = new Uint8Array(
      Buffer.concat(order.flatMap(([baseIndex, count]) => pieces.slice(baseIndex, baseIndex + count))),
    );
    offer(lane, 1, 2);
    const runs = order.map(([baseIndex, count]) => ({ baseIndex, count }));
    lane.say({ type: 'COPY', handle: 1, first: 0, baseVersion: 1, runs, extensions: [] });
    lane.say({
      type: 'FINISH',
      handle: 1,
      lengthBytes: next.length,
      chunks: 2_600,
      sha256: sha256(next),
      extensions: [],
    });
    await clock.advance(5_000);
    expect(receipts(lane)).toHaveLength(2);
    expect((await shore.content(idOf(1))).equals(next)).toBe(true);
    expect(mostHeld).toBeLessThanOrEqual(512);
    expect(asked.length).toBeLessThan(20);
    // A run that begins within the base and ends beyond it is of another document: nothing of it is taken.
    offer(lane, 2, 3);
    const beyond = [{ baseIndex: 100, count: 1_201 }];
    lane.say({ type: 'COPY', handle: 2, first: 0, baseVersion: 1, runs: beyond, extensions: [] });
    await clock.advance(100);
    const wanted = lane.of('WANT').filter((want) => want.handle === 2);
    expect(wanted.flatMap((want) => want.runs)).toEqual([{ start: 0, end: 1_201 }]);
  });

  test('runs beyond every limit end the lane', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    for (const [first, baseIndex, count] of [
      [0, 2 ** 31, 1],
      [2 ** 31, 0, 1],
      [0, 0, 2 ** 31 + 1],
    ] as const) {
      const lane = await rawLane(shore, clock);
      const runs = [{ baseIndex, count }];
      lane.say({ type: 'COPY', handle: 9, first, baseVersion: 1, runs, extensions: [] });
      expect(lane.closed).toBe(1008);
    }
  });
});
