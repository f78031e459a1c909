// What a yacht can make this process hold of one upload: whatever it says in however small pieces is counted with the memory it
// takes, and comes to an end.
import { describe, expect, test } from 'vitest';
import { Assembly, type AssemblyOwner } from '../../../cloud/line/assembly.ts';
import { lineLimits } from '../../../cloud/line/limits.ts';
import { content } from '../../line/support/yacht.ts';

const limits = { ...lineLimits, entriesPendingMax: 500 };

function assembly(owner: Partial<AssemblyOwner> = {}): { one: Assembly; stored: Map<number, Uint8Array> } {
  const stored = new Map<number, Uint8Array>();
  const documents = {
    store: async (
      _scope: unknown,
      _upload: string,
      chunks: readonly { index: number; bytes: Uint8Array }[],
    ) => {
      for (const { index, bytes } of chunks) stored.set(index, Uint8Array.from(bytes));
      return { durable: chunks.map(({ index }) => index), missing: [] };
    },
  };
  const one = new Assembly({ deviceId: 'device', uploadId: 'upload' }, documents, limits);
  const nothing = () => {};
  one.belongTo(
    {
      durable: nothing,
      unknownReferences: nothing,
      decode: async () => Promise.reject(new RangeError('no good')),
      undecodable: nothing,
      idle: nothing,
      failed: nothing,
      ...owner,
    },
    1,
  );
  one.open({ tenantId: 'tenant', deviceId: 'device', epoch: 1 }, []);
  return { one, stored };
}

describe('a yacht that hoards', () => {
  test('single bytes of many chunks count as the memory they take, and are forgotten above the limit', () => {
    const { one } = assembly();
    for (let index = 0; index < 2_000; index++) one.slice(index, 0, new Uint8Array(1));
    expect(one.partialBytes).toBeGreaterThan(2_000 * 400);
    one.shrink(100_000);
    expect(one.partialBytes).toBeLessThanOrEqual(100_000);
    expect(one.partialBytes).toBeGreaterThan(50_000);
    one.shrink(0);
    expect(one.partialBytes).toBe(0);
  });

  test('a chunk in splinters ends the lane before it takes more memory or time than its bytes are worth', () => {
    const { one } = assembly();
    one.describe(0, [{ length: 262_144 }]);
    const splinter = new Uint8Array(1);
    let taken = 0;
    while (taken < 131_072 && one.slice(0, taken * 2, splinter) === 'taken') taken++;
    expect(taken).toBeLessThan(10_000);
    expect(one.partialBytes).toBeLessThan(1_000_000);
    // Those that are there already change nothing.
    expect(one.slice(0, 0, splinter)).toBe('taken');
    one.shrink(0);
    expect(one.partialBytes).toBe(0);
  });

  test('a chunk that lanes of a thin line carry in slices of 100 bytes, every other one late, is taken', async () => {
    const { one, stored } = assembly();
    const bytes = content(262_144);
    one.describe(0, [{ length: bytes.length }]);
    for (const late of [0, 1])
      for (let at = late * 100; at < bytes.length; at += 200)
        expect(one.slice(0, at, bytes.subarray(at, at + 100))).toBe('taken');
    await new Promise(setImmediate);
    expect(Buffer.from(stored.get(0)!).equals(bytes)).toBe(true);
    expect(one.partialBytes).toBe(0);
  });

  test('chunks that cannot be decoded are remembered as such up to a limit; beyond it the lane ends', async () => {
    const { one } = assembly();
    const encoded = { encoding: 'zstd', lengthBytes: 1 } as const;
    let index = 0;
    while (index < 5_000 && one.describe(index, [{ length: 100, encoded }])) {
      one.slice(index, 0, new Uint8Array(1));
      index += 2;
      await new Promise(setImmediate);
    }
    expect(index).toBeLessThan(2_000);
    expect(index).toBeGreaterThanOrEqual(limits.entriesPendingMax);
  });
});
