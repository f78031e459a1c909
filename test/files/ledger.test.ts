// The ledger of chunks ashore: a hint that is bounded, and never more than a hint.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunkRowKey, createLedger } from '../../agent/files/ledger.ts';
import { SmallHost } from './support/small-host.ts';

const ids = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) =>
    createHash('sha256')
      .update(`${from + i}`)
      .digest(),
  );

const chunkRows = (host: SmallHost) => [...host.kept.keys()].filter((key) => key.startsWith('ch/')).length;

describe('ledger', () => {
  test('knows what was remembered, until it is forgotten, also in the next process', async () => {
    const host = new SmallHost();
    const [a, b] = ids(2) as [Buffer, Buffer];
    await createLedger(host).remember([a, b]);
    const ledger = createLedger(host);
    expect(await ledger.has(a)).toBe(true);
    await ledger.forget([a]);
    expect([await ledger.has(a), await ledger.has(b)]).toEqual([false, true]);
    expect(host.kept.has(chunkRowKey(b))).toBe(true);
  });

  test('is bounded: beyond its limit a share of all chunks makes room, the others stay known', async () => {
    const host = new SmallHost();
    const ledger = createLedger(host, 2_000);
    for (let batch = 0; batch < 40; batch++) await ledger.remember(ids(100, batch * 100));
    expect(chunkRows(host)).toBeLessThanOrEqual(2_000 + 100);
    expect(chunkRows(host)).toBeGreaterThan(1_500);
    expect(JSON.parse(host.kept.get('ledger')!).rows).toBe(chunkRows(host));
  });

  test('the count survives repeats, strangers and callers at once', async () => {
    const host = new SmallHost();
    const ledger = createLedger(host);
    await Promise.all([ledger.remember(ids(50)), ledger.remember(ids(50)), ledger.forget(ids(10, 1_000))]);
    await ledger.forget(ids(20));
    expect(JSON.parse(host.kept.get('ledger')!).rows).toBe(30);
    expect(chunkRows(host)).toBe(30);
  });
});
