// Pieces of an older version are found in a newer one, at any byte, without the older bytes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  findPieces,
  PieceIndex,
  pieceBytes,
  signatureLength,
  signChunk,
} from '../../agent/files/signatures.ts';
import { FakeRandom } from '../support/fake-random.ts';

const random = (length: number, seed: number) => new FakeRandom(seed, 'pieces').bytes(length);

function indexOf(base: Uint8Array, offset = 0): PieceIndex {
  const signature = new DataView(new ArrayBuffer(signatureLength(base.length)));
  expect(signChunk(base, signature, 0)).toBe(signature.byteLength);
  const index = new PieceIndex(signature.byteLength / 8);
  index.add(signature, 0, base.length, offset);
  return index;
}

/** What is not found. */
const literals = (bytes: Uint8Array, index: PieceIndex) =>
  bytes.length - findPieces(bytes, index).reduce((sum, { length }) => sum + length, 0);

test('the same bytes are one stretch, to the last byte', () => {
  for (const length of [256, 257, 511, 4_096, 65_537]) {
    const base = random(length, length);
    expect(findPieces(base, indexOf(base, 70_000))).toEqual([{ at: 0, length, offset: 70_000 }]);
  }
});

test('an insertion costs itself, the piece it divides, and a short last one behind that', () => {
  const base = random(60_000, 1);
  const index = indexOf(base);
  fc.assert(
    fc.property(fc.nat({ max: 60_000 }), fc.nat({ max: 3_000 }), (at, count) => {
      const changed = Buffer.concat([base.subarray(0, at), random(count, at), base.subarray(at)]);
      expect(literals(changed, index)).toBeLessThanOrEqual(count + 2 * pieceBytes);
    }),
    { numRuns: 200 },
  );
});

test('everything found is where the older version has it', () => {
  const base = random(20_000, 2);
  const index = indexOf(base);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 19_000 }), fc.integer({ min: 1, max: 2_000 }))), (parts) => {
      const mixed = Buffer.concat(parts.map(([at, count]) => base.subarray(at, at + count)));
      for (const { at, length, offset } of findPieces(mixed, index))
        expect(mixed.subarray(at, at + length).equals(base.subarray(offset, offset + length))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('content that repeats itself is searched in bounded time', () => {
  const zeros = new Uint8Array(262_144);
  expect(literals(zeros, indexOf(zeros))).toBe(0);
  // All pieces end alike, so that every position of the new bytes looks like one of them and none is.
  const base = random(262_144, 3);
  for (let at = 0; at < base.length; at += pieceBytes) base.fill(7, at + 200, at + pieceBytes);
  const started = performance.now();
  expect(literals(new Uint8Array(262_144).fill(7), indexOf(base))).toBe(262_144);
  expect(performance.now() - started).toBeLessThan(500);
});

test('other content is not found', () => {
  expect(literals(random(200_000, 5), indexOf(random(200_000, 4)))).toBe(200_000);
});
