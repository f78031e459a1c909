// When a chunk is compressed, and how hard: a probe per document, a level by the link's rate and the machine's speed.
import { describe, expect, test } from 'vitest';
import { compressAside, compressHere } from '../../agent/adapters/node-zstd.ts';
import { ChunkEncoder, encodeWhole } from '../../agent/line/encode.ts';
import { type Compress, EncodeLevels, levelsTried } from '../../agent/line/encode-levels.ts';
import { decodeZstd } from '../../cloud/line/decode-zstd.ts';
import { content } from './support/yacht.ts';

const chunkBytes = 64 * 1024;
const noise = (seed: number) => content(chunkBytes, seed);
const prose = (seed: number) =>
  Buffer.from(
    Array.from({ length: 4_000 }, (_, n) => `${(n * seed * 7_919) % 1_000} fathoms, wind ${n % 9}; `).join(
      '',
    ),
  ).subarray(0, chunkBytes);

/** With a clock that the compressor moves: `speed` times as fast as the machine that was measured. */
function encoderAt(wireBytesPerSecond: number | undefined, parts: { speed?: number } = {}) {
  const calls: number[] = [];
  let nowMs = 0;
  const nominal: Record<number, number> = { 1: 220e6, 3: 110e6, 6: 35e6, 12: 10e6, 15: 5e6, 19: 1.9e6 };
  const compress: Compress = (bytes, level) => {
    calls.push(level);
    nowMs += (bytes.length * 1_000) / (nominal[level]! * (parts.speed ?? 1));
    return compressHere(bytes, level);
  };
  const clock = { monotonicMs: () => nowMs };
  const levels = new EncodeLevels({ clock, compress, wireBytesPerSecond: () => wireBytesPerSecond });
  return { encoder: new ChunkEncoder(levels), levels, calls, busyMs: () => nowMs };
}

describe('the probe', () => {
  test('lets content that gains go compressed, each chunk by itself, and back again to the same bytes', async () => {
    const { encoder } = encoderAt(250_000);
    for (let n = 1; n <= 5; n++) {
      const encoded = (await encoder.encode(prose(n)))!;
      expect(encoded.bytes.length).toBeLessThan(chunkBytes / 2);
      expect(Buffer.from(decodeZstd(encoded.bytes, chunkBytes)).equals(prose(n))).toBe(true);
    }
  });

  test('lets content that does not gain go as it is, for a few light tries in hundreds of chunks', async () => {
    const { encoder, calls } = encoderAt(250_000);
    for (let n = 0; n < 1_000; n++) expect(await encoder.encode(noise(n))).toBeUndefined();
    expect(calls.length).toBeLessThan(25);
    expect(new Set(calls)).toEqual(new Set([1]));
  });

  test('is repeated, so that a document that changes along its length is seen to', async () => {
    const { encoder } = encoderAt(250_000);
    const went: boolean[] = [];
    for (let n = 0; n < 400; n++)
      went.push((await encoder.encode(n < 200 ? noise(n) : prose(n))) !== undefined);
    expect(went.slice(0, 200)).not.toContain(true);
    const first = went.indexOf(true);
    expect(first - 200).toBeLessThanOrEqual(64);
    expect(went.slice(first)).not.toContain(false);
  });

  test('does not give up a text for one picture in it', async () => {
    const { encoder } = encoderAt(250_000);
    expect(await encoder.encode(prose(1))).toBeDefined();
    expect(await encoder.encode(noise(1))).toBeUndefined();
    expect(await encoder.encode(prose(2))).toBeDefined();
  });

  test('never asks more of a chunk than 64 bytes to begin with, and a pack is judged alike', async () => {
    const { encoder, levels, calls } = encoderAt(250_000);
    expect(await encoder.encode(Buffer.alloc(63))).toBeUndefined();
    expect(await encodeWhole(Buffer.alloc(63), levels)).toBeUndefined();
    expect(calls).toEqual([]);
    expect(await encodeWhole(noise(1), levels)).toBeUndefined();
    expect((await encodeWhole(prose(1), levels))!.length).toBeLessThan(chunkBytes / 2);
  });
});

describe('the level', () => {
  test('is higher on a slow line, lower on a fast one, and nothing is compressed that would hold the line up', async () => {
    const at = async (rate: number | undefined) => {
      const { encoder } = encoderAt(rate);
      await encoder.encode(prose(1));
      return (await encoder.encode(prose(2)))?.level;
    };
    expect(await at(16_000)).toBe(19);
    expect([12, 15]).toContain(await at(250_000));
    expect([3, 6]).toContain(await at(2_500_000));
    expect([1, 3]).toContain(await at(12_500_000));
    expect(await at(500_000_000)).toBeUndefined();
    expect(await at(undefined)).toBe(3);
  });

  test.each([1, 1 / 4, 1 / 16])(
    'keeps within a quarter of a core for what the line carries, on a machine of %f times the speed',
    async (speed) => {
      for (const rate of [16_000, 250_000, 2_500_000]) {
        const { encoder, busyMs } = encoderAt(rate, { speed });
        for (let n = 0; n < 10; n++) await encoder.encode(prose(n + 1));
        const before = busyMs();
        let sentBytes = 0;
        for (let n = 0; n < 30; n++)
          sentBytes += (await encoder.encode(prose(n + 20)))?.bytes.length ?? chunkBytes;
        const lineMs = (sentBytes * 1_000) / rate;
        expect(busyMs() - before).toBeLessThan(0.5 * lineMs);
        if (speed === 1) expect(busyMs() - before).toBeLessThan(0.3 * lineMs);
      }
    },
  );
});

describe('the same bytes again', () => {
  test('come from the level, on the spot or beside the loop', async () => {
    const { encoder } = encoderAt(250_000);
    for (const level of levelsTried) {
      const bytes = prose(level);
      const one = await compressHere(bytes, level);
      expect(Buffer.from(await compressAside(bytes, level)).equals(Buffer.from(one))).toBe(true);
      expect(Buffer.from((await encoder.again(bytes, level)).bytes).equals(Buffer.from(one))).toBe(true);
    }
  });

  test('come from their length alone when the level is forgotten, or not at all', async () => {
    const { encoder } = encoderAt(undefined);
    for (const level of [1, 6, 19]) {
      const bytes = prose(level);
      const before = await compressHere(bytes, level);
      const found = await encoder.inForm(bytes, { encoding: 'zstd', lengthBytes: before.length });
      expect(Buffer.from(found!.bytes).equals(Buffer.from(before))).toBe(true);
    }
    expect(await encoder.inForm(prose(1), { encoding: 'zstd', lengthBytes: 77 })).toBeUndefined();
    expect(await encoder.inForm(prose(1), { encoding: 'patch', lengthBytes: 77 })).toBeUndefined();
  });
});
