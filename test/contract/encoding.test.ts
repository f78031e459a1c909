// Which Zstandard frames may come near a decoder: exactly one, whole, without a dictionary, of a bounded window.
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isAcceptableZstd,
  isWorthEncoding,
  readZstdFrame,
  zstdWindowMaxBytes,
} from '../../cloud/contract/encoding.ts';

const {
  ZSTD_c_compressionLevel: levelOf,
  ZSTD_c_checksumFlag: checksum,
  ZSTD_c_contentSizeFlag: size,
} = constants;

function zstd(content: Uint8Array, params: Record<number, number> = {}): Uint8Array {
  return Uint8Array.from(zstdCompressSync(content, { params }));
}

/** A frame by hand: window descriptor, then one raw block of these bytes. */
function frameOf(parts: { descriptor: number; header: readonly number[]; content: Uint8Array }): Uint8Array {
  const { length } = parts.content;
  const block = ((length << 3) | 1) >>> 0;
  return Uint8Array.from([
    ...[0x28, 0xb5, 0x2f, 0xfd, parts.descriptor, ...parts.header],
    ...[block & 255, (block >> 8) & 255, block >> 16, ...parts.content],
  ]);
}

const contents = fc.oneof(
  fc.uint8Array({ maxLength: 3_000 }),
  fc.string({ maxLength: 200 }).map((text) => Buffer.from(text.repeat(50))),
  fc.integer({ min: 0, max: 400_000 }).map((count) => Buffer.alloc(count, 7)),
);

describe('one Zstandard frame', () => {
  test('of any content, level and flags is read, and acceptable for its true length only', () => {
    fc.assert(
      fc.property(
        contents,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.boolean(),
        (content, level, sum, said) => {
          const bytes = zstd(content, { [levelOf]: level, [checksum]: Number(sum), [size]: Number(said) });
          const frame = readZstdFrame(bytes);
          expect(frame?.dictionaryId).toBe(0);
          expect(frame?.contentBytes ?? content.length).toBe(content.length);
          expect(isAcceptableZstd(bytes, content.length)).toBe(true);
          if (frame?.contentBytes !== undefined)
            expect(isAcceptableZstd(bytes, content.length + 1)).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is none when cut anywhere, or with anything before or behind it', () => {
    fc.assert(
      fc.property(
        contents,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (content, cut, more) => {
          const bytes = zstd(content);
          expect(readZstdFrame(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
          expect(readZstdFrame(Buffer.concat([bytes, more]))).toBeUndefined();
          expect(readZstdFrame(Buffer.concat([bytes, bytes]))).toBeUndefined();
          const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
          expect(readZstdFrame(Buffer.concat([skippable, bytes]))).toBeUndefined();
          expect(readZstdFrame(skippable)).toBeUndefined();
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is none in garbage, and reading garbage never fails', () => {
    const magic = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (garbage, isLabelled) => {
        const bytes = isLabelled ? Buffer.concat([magic, garbage]) : garbage;
        expect(() => isAcceptableZstd(bytes, 100)).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  test('may not name a dictionary, want a larger window, or set what is reserved', () => {
    const content = Uint8Array.from([1, 2, 3]);
    const of = (descriptor: number, ...header: number[]) => frameOf({ descriptor, header, content });
    expect(isAcceptableZstd(of(0, 0), 3)).toBe(true);
    expect(readZstdFrame(of(1, 0, 77))).toMatchObject({ dictionaryId: 77 });
    expect(isAcceptableZstd(of(1, 0, 77), 3)).toBe(false);
    expect(isAcceptableZstd(of(2, 0, 0, 1), 3)).toBe(false);
    expect(isAcceptableZstd(of(3, 0, 0, 0, 0, 1), 3)).toBe(false);
    const exponent = Math.log2(zstdWindowMaxBytes) - 10;
    expect(isAcceptableZstd(of(0, exponent << 3), 3)).toBe(true);
    expect(isAcceptableZstd(of(0, (exponent << 3) | 1), 3)).toBe(false);
    expect(isAcceptableZstd(of(0, 255), 3)).toBe(false);
    expect(isAcceptableZstd(of(8, 0), 3)).toBe(false);
    // Its length in eight bytes: 4 GB and more.
    expect(isAcceptableZstd(of(0b1110_0000, 3, 0, 0, 0, 1, 0, 0, 0), 3)).toBe(false);
  });
});

test('less than 3 % saved is not worth it, and nothing ever becomes longer', () => {
  expect(isWorthEncoding(1_000, 970)).toBe(true);
  expect(isWorthEncoding(1_000, 971)).toBe(false);
  expect(isWorthEncoding(63, 1)).toBe(false);
});
