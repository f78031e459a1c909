// The chunker's promises: lossless, bounded, blind to how bytes were read, stable for ever (golden), and local: an
// insertion moves the cuts around it only.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chunkMaxBytes,
  chunkMinBytes,
  chunkNormalBytes,
  findCut,
  gearTable,
} from '../../agent/files/chunker.ts';
import { cutAll, pseudoRandom } from './support/content.ts';

interface Golden {
  readonly gearSha256: string;
  readonly documents: Record<string, { readonly sizeBytes: number; readonly cuts: readonly number[] }>;
}
const golden = JSON.parse(readFileSync(new URL('./chunker.golden.json', import.meta.url), 'utf8')) as Golden;

/** The chunker as the paper has it, one byte a turn: the reference for the quick one. */
function slowCut(bytes: Uint8Array, start: number): number {
  const gear = gearTable();
  const end = Math.min(bytes.length, start + chunkMaxBytes);
  if (bytes.length - start <= chunkMinBytes) return bytes.length;
  let hash = 0;
  for (let at = start + chunkMinBytes; at < end; at++) {
    hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
    const mask = at < start + chunkNormalBytes ? 0x7fffe000 : 0x7ffe0000;
    if ((hash & mask) === 0) return at + 1;
  }
  return end;
}

const contents: Record<string, () => Uint8Array> = {
  random: () => pseudoRandom(3_000_000, 1),
  zeros: () => new Uint8Array(1_000_000),
  text: () => new TextEncoder().encode('the wind was north by west, the sea was long. '.repeat(20_000)),
  ramp: () => Uint8Array.from({ length: 700_000 }, (_, i) => (i * i) >> 7),
};

describe('chunker', () => {
  test('gear table and cuts are the golden ones: a second client cuts in the same places', () => {
    expect(createHash('sha256').update(new Uint8Array(gearTable().buffer)).digest('hex')).toBe(
      golden.gearSha256,
    );
    for (const [name, { sizeBytes, cuts }] of Object.entries(golden.documents)) {
      const bytes = contents[name]!();
      expect(bytes.length).toBe(sizeBytes);
      expect(cutAll(bytes), name).toEqual(cuts);
    }
    expect(Object.keys(golden.documents).sort()).toEqual(Object.keys(contents).sort());
  });

  test('two bytes a turn cut where one byte a turn does', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 400_000 }), fc.nat(7), (seed, length, shift) => {
        const bytes = pseudoRandom(length, seed).map((byte) => byte >> shift);
        for (let at = 0; at < bytes.length; ) {
          const cut = findCut(bytes, at, Math.min(bytes.length, at + chunkMaxBytes));
          expect(cut).toBe(slowCut(bytes, at));
          at = cut;
        }
      }),
      { numRuns: 60 },
    );
  });

  test('chunks put together are the document; each but the last lies between smallest and largest', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 1_500_000 }), (seed, length) => {
        const bytes = pseudoRandom(length, seed);
        const cuts = cutAll(bytes);
        expect(cuts.at(-1) ?? 0).toBe(length);
        cuts.forEach((cut, i) => {
          const size = cut - (cuts[i - 1] ?? 0);
          expect(size).toBeGreaterThan(0);
          expect(size).toBeLessThanOrEqual(chunkMaxBytes);
          if (i < cuts.length - 1) expect(size).toBeGreaterThan(chunkMinBytes);
        });
      }),
      { numRuns: 40 },
    );
  });

  test('a cut depends on neither what lies before it in memory nor what lies beyond the largest chunk', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(100_000), fc.nat(100_000), (seed, before, beyond) => {
        const bytes = pseudoRandom(before + chunkMaxBytes + beyond, seed);
        const alone = bytes.slice(before, before + chunkMaxBytes);
        expect(findCut(bytes, before, bytes.length) - before).toBe(findCut(alone, 0, alone.length));
      }),
      { numRuns: 40 },
    );
  });

  test('sizes at the borders: 0, 1, smallest ± 1, largest ± 1', () => {
    for (const length of [0, 1, chunkMinBytes - 1, chunkMinBytes])
      expect(cutAll(new Uint8Array(length))).toEqual(length === 0 ? [] : [length]);
    const zeros = (length: number) => cutAll(new Uint8Array(length));
    expect(zeros(chunkMaxBytes - 1)).toEqual([chunkMaxBytes - 1]);
    expect(zeros(chunkMaxBytes)).toEqual([chunkMaxBytes]);
    expect(zeros(chunkMaxBytes + 1)).toEqual([chunkMaxBytes, chunkMaxBytes + 1]);
  });

  test('the mean chunk of random bytes is near 72 KiB', () => {
    const cuts = cutAll(pseudoRandom(16_000_000, 3));
    expect(16_000_000 / cuts.length).toBeGreaterThan(62 * 1024);
    expect(16_000_000 / cuts.length).toBeLessThan(84 * 1024);
  });

  test('10 KB inserted anywhere into 8 MB: all but a few chunks are the same', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(8_000_000), (seed, where) => {
        const old = pseudoRandom(8_000_000, 5);
        const inserted = pseudoRandom(10_000, seed);
        const edited = new Uint8Array(old.length + inserted.length);
        edited.set(old.subarray(0, where));
        edited.set(inserted, where);
        edited.set(old.subarray(where), where + inserted.length);
        const known = new Set(ids(old));
        const fresh = ids(edited).filter((id) => !known.has(id));
        expect(fresh.length).toBeGreaterThan(0);
        expect(fresh.length).toBeLessThanOrEqual(10);
      }),
      { numRuns: 30 },
    );
  });
});

function ids(bytes: Uint8Array): string[] {
  let from = 0;
  return cutAll(bytes).map((cut) => {
    const id = createHash('sha256').update(bytes.subarray(from, cut)).digest('hex');
    from = cut;
    return id;
  });
}
