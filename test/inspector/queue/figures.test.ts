import { describe, expect, it } from 'vitest';
import { readCosts } from '../../../inspector/queue/costs.ts';
import { deliveredOn, leftOf } from '../../../inspector/queue/figures.ts';
import { listed } from '../../../inspector/queue/rows.ts';
import { featureOff, readStatus } from '../../../inspector/queue/status.ts';
import { documentOf } from './documents.ts';

describe('the cards', () => {
  it('count what is not durable ashore, and what only waits for its receipt', () => {
    const rows = listed(
      [
        documentOf({ sizeBytes: 1_000, sentBytes: 400 }),
        documentOf({ state: 'confirming', sizeBytes: 500, sentBytes: 500 }),
        documentOf({ state: 'parked', sizeBytes: 900 }),
        documentOf({ state: 'stored', sizeBytes: 900 }),
        documentOf({ sizeBytes: null }),
      ],
      false,
    );
    expect(leftOf(rows)).toEqual({ documents: 3, bytes: 600 });
  });

  it('count as today what was stored on the ship’s day, not on Greenwich’s', () => {
    const nowMs = Date.UTC(2026, 10, 20, 12);
    const stored = (name: string, storedMs: number) =>
      documentOf({ name, state: 'stored', stored: { storedMs } });
    const rows = listed([stored('early', nowMs - 2 * 3_600_000), stored('late', nowMs - 1_000)], false);
    expect(deliveredOn(rows, { nowMs, zone: 'UTC' })).toEqual({
      count: 2,
      last: { name: 'late', atMs: nowMs - 1_000 },
    });
    // In Auckland it is one o'clock at night: two hours ago was yesterday.
    expect(deliveredOn(rows, { nowMs, zone: 'Pacific/Auckland' }).count).toBe(1);
  });

  it('speak of money only where a price is set, and of the month we are in', () => {
    const month = { month: '2026-11', wireBytes: 5e8, spentMicros: 25_000_000, savedMicros: 22_500_000 };
    const costs = readCosts({ currency: 'USD', total: {}, months: [{ month: '2026-10' }, month] }, '2026-11');
    expect(costs.month).toMatchObject({ spentMicros: 25_000_000, savedMicros: 22_500_000 });
    expect(readCosts({ currency: 'USD', months: [month] }, '2026-12').month).toMatchObject({
      spentMicros: 0,
    });
    expect(readCosts({ currency: null, months: [month] }, '2026-11').month).toMatchObject({
      spentMicros: null,
    });
  });
});

describe('the status', () => {
  it('is read whatever is missing in it', () => {
    for (const json of [null, 7, [], {}, { connection: 5, problems: 'x', queue: [], features: null }])
      expect(readStatus(json)).toMatchObject({ level: 'none', problems: [], states: {} });
  });

  it('says why a feature is off, and nothing of one that is on or unknown', () => {
    const status = readStatus({
      features: [
        { id: 'adding', title: 'Adding files', available: false, why: 'The disk is full: free some space.' },
        { id: 'commands', available: true, why: null },
      ],
    });
    expect(featureOff(status, 'adding')).toBe('The disk is full: free some space.');
    expect([featureOff(status, 'commands'), featureOff(status, 'unheard of')]).toEqual(['', '']);
  });
});
