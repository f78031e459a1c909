import { describe, expect, test } from 'vitest';
import { resendDelayMs } from '../../agent/line/delays.ts';
import { lineFailure } from '../../agent/line/failures.ts';

describe('the wait before a document is sent again', () => {
  const busy = { class: 'BUSY', code: 'TENDER_STORE_UNAVAILABLE', message: '' } as const;

  test('doubles with every failure in a row, up to the ceiling of its class', () => {
    const longest = [0, 1, 2, 3, 10, 100].map((failedInRow) => resendDelayMs(busy, failedInRow, 0.999_999));
    expect(longest.map(Math.round)).toEqual([5_000, 10_000, 20_000, 40_000, 120_000, 120_000]);
  });

  test('is spread from the floor upwards, so that documents do not come back in one instant', () => {
    expect(resendDelayMs(busy, 3, 0)).toBe(1_000);
    expect(resendDelayMs(busy, 3, 0.5)).toBeCloseTo(20_000, -2);
  });

  test('is never shorter than the cloud asked for', () => {
    expect(resendDelayMs({ ...busy, retryAfterMs: 300_000 }, 0, 0.5)).toBe(300_000);
  });

  test('is short for what only needs both sides to look again', () => {
    expect(resendDelayMs(lineFailure('TENDER_SYNC_LOST'), 0, 0.5)).toBeLessThanOrEqual(2_000);
  });
});
