import { describe, expect, test } from 'vitest';
import { decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import { RunSet } from '../../cloud/contract/runs.ts';
import type { Documents } from '../../cloud/decide/documents.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { content, yachtAndShore } from './support/yacht.ts';

describe('several lanes', () => {
  test('are opened beside each other, share a document, and each has a number and a serial of its own', async () => {
    const yacht = await yachtAndShore({ aboard: { lanesMax: 16 } });
    yacht.link.latencyMs = 150;
    await yacht.until(yacht.open());
    await yacht.clock.advance(3_000);
    const { lanes } = yacht.line.status();
    expect(lanes.length).toBeGreaterThanOrEqual(4);
    expect(new Set(lanes.map((lane) => lane.number)).size).toBe(lanes.length);
    expect(new Set(lanes.map((lane) => lane.serial)).size).toBe(lanes.length);
    const bytes = content(400_000);
    const uploadId = yacht.upload(bytes);
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    const used = yacht.line.status().lanes.filter((lane) => lane.sentBytes > 10_000);
    expect(used.length).toBeGreaterThanOrEqual(4);
  });

  test('die in any order and time, and the document ends whole', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new FakeRandom(seed, 'lanes');
      const yacht = await yachtAndShore({ aboard: { lanesMax: 8 } });
      yacht.link.latencyMs = random.between(5, 300);
      await yacht.until(yacht.open());
      await yacht.clock.advance(random.between(0, 4_000));
      const bytes = content(300_000, seed);
      const uploadId = yacht.upload(bytes);
      let deaths = random.between(1, 6);
      const die = () => {
        if (random.chance(0.3)) yacht.link.cut();
        else yacht.link.cutOne(random.between(0, 7));
        deaths -= 1;
        if (deaths > 0) yacht.clock.after(random.between(20, 1_500), die);
      };
      yacht.clock.after(random.between(50, 1_500), die);
      // A cut through the fresh dial itself loses the line: the connection's machine opens it again.
      const look = () => {
        if (!yacht.line.isOpen) void yacht.open();
        if (deaths > 0 || !yacht.line.isOpen) yacht.clock.after(500, look);
      };
      look();
      expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
      expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    }
  });
});

describe('a lane that ends', () => {
  /** Slices handed to the wire of chunks that the shore had stored before, with lanes that end one after the other. */
  async function durableSentAgain(
    seed: number,
  ): Promise<{ durableBytes: number; arrivedTwiceBytes: number }> {
    const durable = new Set<number>();
    const wrap = (documents: Documents): Documents => ({
      ...documents,
      async store(...given) {
        const answer = await documents.store(...given);
        for (const index of answer.durable) durable.add(index);
        return answer;
      },
    });
    const yacht = await yachtAndShore({
      aboard: { lanesMax: 4, windowStartBytes: 32_000 },
      ashore: { wrap },
    });
    yacht.link.latencyMs = 30;
    await yacht.until(yacht.open());
    await yacht.clock.advance(1_000);
    let durableBytes = 0;
    const record = yacht.link.onUp;
    yacht.link.onUp = (bytes, connection) => {
      record(bytes, connection);
      const frame = yacht.frames.at(-1)!;
      if (frame.type === 'SLICE' && durable.has(frame.index)) durableBytes += frame.bytes.length;
    };
    const arrived = new Map<number, RunSet>();
    let arrivedTwiceBytes = 0;
    yacht.link.onArrived = (bytes) => {
      const decoded = decodeYachtFrame(bytes);
      if (!('frame' in decoded) || decoded.frame.type !== 'SLICE') return;
      const { index, offset, bytes: part } = decoded.frame;
      const before = arrived.get(index) ?? new RunSet();
      arrived.set(index, before);
      const countBefore = before.count;
      before.add(offset, offset + part.length);
      arrivedTwiceBytes += part.length - (before.count - countBefore);
    };
    const bytes = content(2_000_000, seed);
    const uploadId = yacht.upload(bytes);
    let ends = 5;
    const end = () => {
      yacht.link.cutOne(ends + seed);
      ends -= 1;
      if (ends > 0) yacht.clock.after(60 + 7 * seed, end);
    };
    yacht.clock.after(150, end);
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(ends).toBe(0);
    expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    return { durableBytes, arrivedTwiceBytes };
  }

  test('is counted ashore before anything of it goes again: nothing durable does, and nothing arrives twice', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      expect(await durableSentAgain(seed)).toEqual({ durableBytes: 0, arrivedTwiceBytes: 0 });
    }
  });
});
