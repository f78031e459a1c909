import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import type { YachtFrame } from '../../cloud/contract/frames.ts';
import { mintUlid } from '../../cloud/contract/ids.ts';
import { lineLimits } from '../../cloud/line/limits.ts';
import { PartialChunk } from '../../cloud/line/partial-chunk.ts';
import { yachtFrames } from '../contract/frames.arbitrary.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { rawLane } from './support/raw-lane.ts';
import { memoryShore } from './support/shore.ts';
import { content, sha256 } from './support/yacht.ts';

const name = new TextEncoder().encode('docs/paper.txt');

function framesOf(bytes: Uint8Array, uploadId: string, chunkBytes: number, sliceBytes: number, handle = 0) {
  const chunks = Math.ceil(bytes.length / chunkBytes);
  const chunk = (index: number) => bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes);
  const offer = {
    type: 'OFFER',
    handle,
    uploadId,
    version: 1,
    priority: 5,
    modifiedMs: 0,
    name,
    extensions: [],
  } as const;
  const entries = Array.from({ length: chunks }, (_, index) => ({ length: chunk(index).length }));
  const manifest = { type: 'MANIFEST', handle, first: 0, entries, extensions: [] } as const;
  const slices: YachtFrame[] = [];
  for (let index = 0; index < chunks; index++) {
    for (let offset = 0; offset < chunk(index).length; offset += sliceBytes) {
      slices.push({
        type: 'SLICE',
        handle,
        index,
        offset,
        bytes: chunk(index).subarray(offset, offset + sliceBytes),
      });
    }
  }
  const finish = {
    type: 'FINISH',
    handle,
    lengthBytes: bytes.length,
    chunks,
    sha256: sha256(bytes),
    extensions: [],
  } as const;
  return { offer, manifest, slices, finish };
}

describe('lanes of one session', () => {
  test('slices duplicated, reordered and repeated over two lanes make the document once', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const clock = new FakeClock();
      const shore = await memoryShore(clock);
      const random = new FakeRandom(seed, 'lanes');
      const lanes = [await rawLane(shore, clock, { lane: 0 }), await rawLane(shore, clock, { lane: 1 })];
      expect(shore.service.status()).toMatchObject({ sessions: 1, lanes: 2 });
      const bytes = content(50_000, seed);
      const uploadId = mintUlid(clock.wallMs(), random.bytes(10));
      const { offer, manifest, slices, finish } = framesOf(bytes, uploadId, 7_000, 1_500);
      const lane = () => lanes[random.unit() < 0.5 ? 0 : 1]!;
      lane().say(offer);
      if (seed % 2 === 0) lane().say(manifest);
      const twice = [...slices, ...slices].map((frame) => ({ frame, at: random.unit() }));
      for (const { frame } of twice.sort((a, b) => a.at - b.at)) lane().say(frame);
      if (seed % 2 === 1) lane().say(manifest); // lengths known last of all
      lane().say(finish);
      await clock.advance(1_000);
      const receipts = lanes.flatMap((one) => one.of('RECEIPT')).flatMap((frame) => frame.receipts);
      expect(receipts.map((receipt) => receipt.uploadId)).toEqual([uploadId]);
      expect(lanes.flatMap((one) => one.of('REFUSED'))).toEqual([]);
      expect((await shore.content(uploadId)).equals(bytes)).toBe(true);
      for (const one of lanes) expect(one.closed).toBeUndefined();
    }
  });

  test('slices overtaken by the finish on another lane are waited for; what never comes is asked for', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const [one, two] = [await rawLane(shore, clock, { lane: 0 }), await rawLane(shore, clock, { lane: 1 })];
    const bytes = content(20_000);
    const uploadId = mintUlid(clock.wallMs(), new Uint8Array(10));
    const { offer, manifest, slices, finish } = framesOf(bytes, uploadId, 5_000, 5_000);
    one.say(offer);
    one.say(manifest);
    one.say(slices[0]!);
    one.say(slices[2]!);
    one.say(finish);
    await clock.advance(100);
    two.say(slices[1]!);
    await clock.advance(lineLimits.holeQuietMs - 101);
    expect([...one.of('WANT'), ...two.of('WANT')]).toEqual([]);
    await clock.advance(2_000);
    expect([...one.of('WANT'), ...two.of('WANT')]).toEqual([
      { type: 'WANT', handle: 0, reason: 'hole', runs: [{ start: 3, end: 4 }] },
    ]);
    two.say(slices[3]!);
    two.say(finish);
    await clock.advance(1_000);
    expect([...one.of('RECEIPT'), ...two.of('RECEIPT')]).toHaveLength(1);
  });

  test('durable marks that a lost lane may have carried away are said again on the other', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const [one, two] = [await rawLane(shore, clock, { lane: 0 }), await rawLane(shore, clock, { lane: 1 })];
    const uploadId = mintUlid(clock.wallMs(), new Uint8Array(10));
    const { offer, manifest, slices } = framesOf(content(20_000), uploadId, 5_000, 5_000);
    for (const frame of [offer, manifest, ...slices]) one.say(frame);
    await clock.advance(500);
    one.cut();
    await clock.advance(500);
    const told = two.of('ACK').flatMap((ack) => ack.documents);
    expect(told).toContainEqual({ handle: 0, durable: [{ start: 0, end: 4 }] });
  });

  test('a lane with the number of an older one takes its place', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const old = await rawLane(shore, clock, { lane: 0 });
    const fresh = await rawLane(shore, clock, { lane: 0 });
    expect(old.closed).toBe(1006);
    expect(fresh.closed).toBeUndefined();
    expect(shore.service.status()).toMatchObject({ sessions: 1, lanes: 1 });
  });
});

describe('acknowledgements', () => {
  test('leave 25 ms after the first byte of a burst, later 100 ms, with what arrived and how long it waited', async () => {
    const clock = new FakeClock();
    const lane = await rawLane(await memoryShore(clock), clock);
    const frame = encodeYachtFrame({ type: 'DROP', handle: 3 });
    lane.sayBytes(frame);
    await clock.advance(15);
    lane.sayBytes(frame);
    await clock.advance(9);
    expect(lane.of('ACK')).toEqual([]);
    await clock.advance(1);
    expect(lane.of('ACK')).toEqual([
      {
        type: 'ACK',
        nowMs: 25,
        lanes: [{ serial: 1, receivedBytes: 2 * frame.length, heldMs: 10 }],
        documents: [],
      },
    ]);
    await clock.advance(10_000);
    expect(lane.of('ACK')).toHaveLength(1); // silence costs nothing
    // A document that is never offered: its slices are waited for, and nothing is said of them.
    const slice: YachtFrame = {
      type: 'SLICE',
      handle: 9,
      index: 0,
      offset: 0,
      bytes: new Uint8Array(16_000),
    };
    for (let at = 0; at < 4_000; at += 10) {
      lane.say(slice);
      await clock.advance(10);
    }
    const acks = lane.of('ACK').slice(1);
    const gaps = acks.slice(1).map((ack, at) => ack.nowMs - acks[at]!.nowMs);
    expect(Math.max(...gaps.slice(0, 50))).toBeLessThanOrEqual(40);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(110);
    expect(acks.length).toBeLessThan(2_000 / 25 + 2_000 / 100 + 2);
  });

  test('on a thin link cost about a hundredth of what came, and none waits longer than 1.5 s', async () => {
    const clock = new FakeClock();
    const lane = await rawLane(await memoryShore(clock), clock);
    const bytes = new Uint8Array(1_000);
    const slice: YachtFrame = { type: 'SLICE', handle: 9, index: 0, offset: 0, bytes };
    for (let at = 0; at < 60_000; at += 125) {
      lane.say(slice); // 8 KB/s
      await clock.advance(125);
    }
    const acks = lane.of('ACK');
    expect(acks.length * 104).toBeLessThan(480_000 * 0.01 + 2_000);
    expect(Math.max(...acks.flatMap((ack) => ack.lanes.map((one) => one.heldMs)))).toBeLessThanOrEqual(1_500);
    expect(acks.length).toBeGreaterThan(40);
  });

  test('of several lanes go over those heard from, in turn, speak of all, and are said once more after the last byte', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const lanes = await Promise.all([0, 1, 2, 3].map((lane) => rawLane(shore, clock, { lane })));
    const [asleep, ...awake] = lanes;
    const slice: YachtFrame = { type: 'SLICE', handle: 9, index: 0, offset: 0, bytes: new Uint8Array(500) };
    asleep!.say(slice);
    await clock.advance(5_000);
    asleep!.heard.length = 0;
    for (let at = 0; at < 1_200; at += 10) {
      awake[(at / 10) % 3]!.say(slice);
      await clock.advance(10);
    }
    await clock.advance(10_000);
    expect(asleep!.of('ACK')).toEqual([]);
    for (const one of awake) expect(one.of('ACK').length).toBeGreaterThan(2);
    const acks = awake.flatMap((one) => one.of('ACK')).sort((a, b) => a.nowMs - b.nowMs);
    const last = acks.slice(-2);
    for (const ack of last)
      expect(ack.lanes.filter((one) => one.serial > 1).map((one) => one.receivedBytes)).toEqual([
        40 * 504,
        40 * 504,
        40 * 504,
      ]);
    expect(awake.filter((one) => last.some((ack) => one.of('ACK').includes(ack)))).toHaveLength(2);
  });

  test('a ping is answered at once, signed when it carries a nonce', async () => {
    const clock = new FakeClock();
    const lane = await rawLane(await memoryShore(clock), clock);
    lane.say({ type: 'PING', stamp: 5, nonce: new Uint8Array(16).fill(3) });
    expect(lane.of('ACK')).toHaveLength(1);
    expect(lane.of('PONG')).toMatchObject([{ stamp: 5 }]);
    expect(lane.of('PONG')[0]!.signature).toHaveLength(64);
  });
});

describe('frames that no yacht would say', () => {
  test('garbage ends this lane with a code, and nothing else', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const good = await rawLane(shore, clock, { lane: 1 });
    for (const [bytes, code] of [
      [new Uint8Array(0), 'TENDER_FRAME_MALFORMED'],
      [Uint8Array.of(1, 255, 255, 255, 255, 255, 255, 255, 255, 255), 'TENDER_FRAME_MALFORMED'],
      [Uint8Array.of(0x81, 0), 'TENDER_FRAME_OUT_OF_PLACE'],
      [Uint8Array.of(0x3e), 'TENDER_FRAME_UNKNOWN'],
      [new Uint8Array(200_000).fill(3), 'TENDER_FRAME_TOO_LARGE'],
    ] as const) {
      const lane = await rawLane(shore, clock, { lane: 2 });
      lane.sayBytes(bytes);
      expect(lane.of('BYE')).toMatchObject([{ code }]);
      expect(lane.closed).toBe(1008);
      expect(good.closed).toBeUndefined();
    }
  });

  test('what exceeds a limit ends the lane: slices beyond their chunk, chunks beyond the largest, handles used twice', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const uploadId = mintUlid(clock.wallMs(), new Uint8Array(10));
    const { offer, manifest } = framesOf(content(20_000), uploadId, 5_000, 5_000);
    const other = mintUlid(clock.wallMs(), new Uint8Array(10).fill(1));
    const bad: YachtFrame[][] = [
      [{ type: 'SLICE', handle: 0, index: 0, offset: 4_999, bytes: new Uint8Array(2) }],
      [{ type: 'SLICE', handle: 0, index: 9, offset: lineLimits.chunkMaxBytes, bytes: new Uint8Array(1) }],
      [{ type: 'SLICE', handle: 0, index: 9, offset: 0, bytes: new Uint8Array(0) }],
      [
        {
          type: 'MANIFEST',
          handle: 0,
          first: 4,
          entries: [{ length: lineLimits.chunkMaxBytes + 1 }],
          extensions: [],
        },
      ],
      [{ ...offer, uploadId: other }],
    ];
    for (const frames of bad) {
      const lane = await rawLane(shore, clock);
      lane.say(offer);
      lane.say(manifest);
      for (const frame of frames) lane.say(frame);
      expect(lane.closed).toBe(1008);
    }
  });

  test('too many open documents are told to wait; names and versions that cannot be are refused alone', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock, { limits: { handlesMax: 3 } });
    const lane = await rawLane(shore, clock);
    const { offer } = framesOf(content(1), mintUlid(0, new Uint8Array(10)), 1, 1);
    for (let handle = 0; handle < 4; handle++) {
      const uploadId = mintUlid(clock.wallMs(), new Uint8Array(10).fill(handle));
      lane.say({ ...offer, handle, uploadId, version: handle + 1 });
    }
    lane.say({ ...offer, handle: 9, name: new Uint8Array(0) });
    expect(lane.of('REFUSED')).toMatchObject([
      { handle: 3, class: 'BUSY', code: 'TENDER_TOO_MANY_DOCUMENTS' },
      { handle: 9, class: 'ITEM', code: 'TENDER_NAME_INVALID' },
    ]);
    expect(lane.closed).toBeUndefined();
  });

  test('memory for incomplete chunks is bounded: the oldest beginnings go, and the document still arrives', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock, { limits: { partialMaxBytes: 43_000 } });
    const lane = await rawLane(shore, clock);
    const bytes = content(100_000);
    const uploadId = mintUlid(clock.wallMs(), new Uint8Array(10));
    const { offer, manifest, slices, finish } = framesOf(bytes, uploadId, 10_000, 6_000);
    lane.say(offer);
    lane.say(manifest);
    for (const slice of slices) if (slice.type === 'SLICE' && slice.offset === 0) lane.say(slice);
    expect(shore.service.status().partialBytes).toBeLessThanOrEqual(43_000);
    for (const slice of slices)
      if (slice.type === 'SLICE' && slice.offset > 0 && slice.index >= 6) lane.say(slice);
    lane.say(finish);
    await clock.advance(1_000);
    const wants = lane.of('WANT').flatMap((want) => want.runs);
    expect(wants).toEqual([{ start: 0, end: 6 }]);
    for (const slice of slices) lane.say(slice);
    lane.say(finish);
    await clock.advance(1_000);
    expect(lane.of('RECEIPT')).toHaveLength(1);
  });

  test('a store that lags stops the reading of lanes, not the process, and reading goes on with it', async () => {
    const clock = new FakeClock();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const shore = await memoryShore(clock, {
      limits: { readyMaxBytes: 20_000 },
      wrap: (documents) => ({
        ...documents,
        async store(...parts) {
          await gate;
          return documents.store(...parts);
        },
      }),
    });
    const lane = await rawLane(shore, clock);
    const { offer, manifest, slices } = framesOf(
      content(40_000),
      mintUlid(0, new Uint8Array(10)),
      5_000,
      5_000,
    );
    for (const frame of [offer, manifest, ...slices]) lane.say(frame);
    await clock.advance(10);
    expect(lane.isPaused).toBe(true);
    release();
    await clock.advance(1_000);
    expect(lane.isPaused).toBe(false);
  });

  test('frames in any order, with any fields, crash nothing: 6,000 random frames over 300 sessions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(yachtFrames, { minLength: 20, maxLength: 20 }),
        fc.nat(9),
        async (frames, handle) => {
          const clock = new FakeClock();
          const shore = await memoryShore(clock);
          let lane = await rawLane(shore, clock);
          for (const frame of frames) {
            if (lane.closed !== undefined) lane = await rawLane(shore, clock);
            // Small handles meet each other; large ones are strangers.
            lane.say(
              'handle' in frame && frame.handle < 200
                ? { ...frame, handle: frame.handle % (handle + 1) }
                : frame,
            );
            await clock.advance(5);
          }
          await clock.advance(5_000);
          expect(shore.logged).toEqual([]);
          const well = await rawLane(shore, clock, { boot: 2, sessionId: 'd'.repeat(32) });
          const uploadId = mintUlid(clock.wallMs(), new Uint8Array(10).fill(7));
          const { offer, manifest, slices, finish } = framesOf(content(9_000), uploadId, 3_000, 1_000);
          const mine = { ...offer, name: new TextEncoder().encode('after/all') };
          for (const one of [mine, manifest, ...slices, finish]) well.say(one);
          await clock.advance(1_000);
          expect(well.of('RECEIPT')).toHaveLength(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a chunk from slices', () => {
  test('is complete when every byte was there, in whatever order, and the first byte counts', () => {
    const slice = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 30 }), (slices) => {
        const whole = Uint8Array.from({ length: 60 }, (_, at) => at + 1);
        const chunk = new PartialChunk(60);
        const covered = new Set<number>();
        for (const [offset, length] of slices) {
          chunk.add(offset, whole.subarray(offset, offset + length));
          for (let at = offset; at < offset + length; at++) covered.add(at);
        }
        let prefix = 0;
        while (covered.has(prefix)) prefix++;
        expect(chunk.prefixBytes).toBe(prefix);
        expect(chunk.isComplete).toBe(covered.size === 60);
        for (const at of covered) expect(chunk.bytes[at]).toBe(at + 1);
      }),
      { numRuns: 500 },
    );
  });
});
