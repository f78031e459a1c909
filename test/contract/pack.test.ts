import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ulidFromBytes } from '../../cloud/contract/ids.ts';
import { decodePack, encodePack } from '../../cloud/contract/pack.ts';

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());
const documents = fc.array(
  fc
    .record({
      handle: fc.nat(),
      uploadId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ulidFromBytes),
      version: fc.maxSafeNat(),
      priority: fc.integer({ min: 1, max: 10 }),
      modifiedMs: fc.maxSafeNat(),
      name: fc.uint8Array({ maxLength: 100 }),
      content: fc.uint8Array({ maxLength: 3_000 }),
    })
    .map((one) => ({ ...one, sha256: sha256(one.content) })),
  { minLength: 1, maxLength: 20 },
);

describe('a pack', () => {
  test('comes back as it was, from one encoding only', () => {
    fc.assert(
      fc.property(documents, fc.nat(), fc.integer({ min: 1, max: 255 }), (whole, at, flip) => {
        const bytes = Uint8Array.from(encodePack(whole));
        const read = decodePack(bytes)!;
        expect(
          read.map((one) => ({ ...one, name: Uint8Array.from(one.name) })).map((one) => one.uploadId),
        ).toEqual(whole.map((one) => one.uploadId));
        expect(Buffer.from(encodePack(read)).equals(bytes)).toBe(true);
        const place = at % bytes.length;
        bytes[place] = bytes[place]! ^ flip;
        const other = decodePack(bytes);
        if (other) expect(Buffer.from(encodePack(other)).equals(bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('cut anywhere is no pack, nor is an empty one, nor random bytes that throw', () => {
    const bytes = encodePack([
      {
        handle: 1,
        uploadId: ulidFromBytes(new Uint8Array(16)),
        version: 1,
        priority: 5,
        modifiedMs: 7,
        name: Uint8Array.of(65),
        sha256: sha256(Uint8Array.of(1)),
        content: Uint8Array.of(1),
      },
    ]);
    for (let length = 0; length < bytes.length; length++)
      expect(decodePack(bytes.subarray(0, length))).toBeUndefined();
    expect(decodePack(encodePack([]))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        const read = decodePack(random);
        if (read) expect(Buffer.from(encodePack(read)).equals(random)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});
