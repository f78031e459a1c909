// Encoded chunks from anybody: content of exactly the announced length, or a refusal; never more, never a crash.
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecodeChunk, type DecodeContext } from '../../../cloud/line/decode.ts';
import { decodeZstd, decodeZstdAside } from '../../../cloud/line/decode-zstd.ts';
import { FakeRandom } from '../../support/fake-random.ts';

const zstd = (content: Uint8Array) => Uint8Array.from(zstdCompressSync(content));
const text = Buffer.from('All lines aboard are checked at noon. '.repeat(500));
const chunkMax = 256 * 1024;

/** Both ways of decoding, as one answer. */
async function decoded(bytes: Uint8Array, lengthBytes: number): Promise<Uint8Array | 'refused'> {
  let here: Uint8Array | 'refused';
  try {
    here = decodeZstd(bytes, lengthBytes);
  } catch {
    here = 'refused';
  }
  const aside = await decodeZstdAside(bytes, lengthBytes).catch(() => 'refused' as const);
  expect(Buffer.from(aside)).toEqual(Buffer.from(here));
  return here;
}

describe('decoding a chunk', () => {
  test('gives its content for any content, and only for the announced length', async () => {
    for (const content of [
      text,
      Buffer.alloc(1),
      Buffer.alloc(chunkMax, 3),
      new FakeRandom(1, 'x').bytes(70_000),
    ]) {
      const bytes = zstd(content);
      expect(Buffer.from(await decoded(bytes, content.length)).equals(content)).toBe(true);
      expect(await decoded(bytes, content.length - 1)).toBe('refused');
      expect(await decoded(bytes, content.length + 1)).toBe('refused');
    }
  });

  test('refuses bombs, with or without a length in their header', async () => {
    const bomb = zstd(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(16 * 1024);
    expect(await decoded(bomb, chunkMax)).toBe('refused');
    // The same, as blocks of one repeated byte behind a header without a length: 128 KiB from every four bytes.
    const rle = (isLast: boolean) => [
      (((128 * 1024) << 3) & 255) | 2 | Number(isLast),
      ((128 * 1024) >> 5) & 255,
      (128 * 1024) >> 13,
      0,
    ];
    const header = [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3];
    const blocks = Array.from({ length: 2_000 }, (_, n) => rle(n === 1_999)).flat();
    expect(await decoded(Uint8Array.from([...header, ...blocks]), chunkMax)).toBe('refused');
    expect(await decoded(Uint8Array.from([...header, ...rle(false), ...rle(true)]), chunkMax)).toHaveLength(
      chunkMax,
    );
  });

  test('refuses frames beside one another, skippable ones, cut ones and ones that want a dictionary', async () => {
    const bytes = zstd(text);
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    for (const odd of [
      Buffer.concat([bytes, bytes]),
      Buffer.concat([bytes, Buffer.from([0])]),
      Buffer.concat([skippable, bytes]),
      Buffer.concat([bytes, skippable]),
      skippable,
      bytes.subarray(0, bytes.length - 1),
      Buffer.alloc(0),
      Buffer.from('not compressed at all, but long enough to be read'),
      Buffer.concat([bytes.subarray(0, 4), Buffer.from([bytes[4]! | 1, 5]), bytes.subarray(5)]),
    ])
      expect(await decoded(odd, text.length)).toBe('refused');
  });

  test('of bytes changed anywhere gives the announced length or nothing', async () => {
    const bytes = zstd(text.subarray(0, 4_000));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const changed = Uint8Array.from(bytes);
          for (const [at, value] of changes) changed[at % changed.length] = value;
          const answer = await decoded(changed, 4_000);
          expect(answer === 'refused' || answer.length === 4_000).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is done for a few at a time, in order, and one that fails makes room for the next', async () => {
    const running: (() => void)[] = [];
    const began: number[] = [];
    const decodeChunk = createDecodeChunk({
      documents: {} as never, // only patches read them
      unzstd: (bytes, lengthBytes) =>
        new Promise((resolve, reject) => {
          began.push(lengthBytes);
          running.push(() => (lengthBytes === 2 ? reject(new Error('bad')) : resolve(bytes)));
        }),
    });
    const context = {} as DecodeContext;
    const answers = Array.from({ length: 9 }, (_, lengthBytes) =>
      decodeChunk({ index: 0, encoding: 'zstd', bytes: new Uint8Array(1), lengthBytes }, context).then(
        () => 'done',
        () => 'failed',
      ),
    );
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(began).toEqual([0, 1, 2, 3]);
    for (let n = 0; n < 9; n++) {
      running[n]!();
      await settled();
      expect(began).toHaveLength(Math.min(9, n + 5));
    }
    expect(began).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await Promise.all(answers)).toEqual(began.map((n) => (n === 2 ? 'failed' : 'done')));
  });
});
