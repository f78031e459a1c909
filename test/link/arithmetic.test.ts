import { describe, expect, test } from 'vitest';
import {
  addedDelay,
  beyondBulkFloor,
  bitsOffered,
  capErrors,
  edgeSeconds,
  goodputPercent,
  median,
  quantile,
  recoverySeconds,
  roundTripsIn,
  saidBesidePayload,
} from '../bench/link/arithmetic.ts';

describe('the figures of the line', () => {
  test('a quantile is a value that was measured, never one between two', () => {
    const values = [30, 10, 20, 40];
    expect(quantile(values, 0.5)).toBe(20);
    expect(quantile(values, 0.95)).toBe(40);
    expect(quantile(values, 0)).toBe(10);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test('the median of an even number of seeds lies between the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test('a round trip belongs to the moment of its question', () => {
    const samples = [
      { atMs: 600, rttMs: 600 },
      { atMs: 1_400, rttMs: 600 },
      { atMs: 2_900, rttMs: 900 },
    ];
    expect(roundTripsIn(samples, 0, 700)).toEqual([600]);
    expect(roundTripsIn(samples, 701, 2_000)).toEqual([600, 900]);
  });

  test('added delay is counted from the idle median and never below zero', () => {
    expect(addedDelay([600, 650, 700], [600, 601, 640], 0.95)).toBe(99);
    expect(addedDelay([590], [600], 0.5)).toBe(0);
  });

  test('8 MB in 33.3 s of a 2 Mbit/s uplink are 96 percent', () => {
    expect(goodputPercent(8e6, 33.333 * 2e6)).toBeCloseTo(96, 2);
  });

  test('a link whose rate steps offers what each step lasted', () => {
    const steps = [
      { atSeconds: 0, bitsPerSecond: 2e6 },
      { atSeconds: 20, bitsPerSecond: 0.5e6 },
      { atSeconds: 40, bitsPerSecond: 4e6 },
    ];
    expect(bitsOffered(steps, 10)).toBe(20e6);
    expect(bitsOffered(steps, 45)).toBe(40e6 + 10e6 + 20e6);
  });

  test('a new rate is reached at the end of the first whole second that carried its share', () => {
    const steps = [
      { atSeconds: 0, bitsPerSecond: 8_000 },
      { atSeconds: 2, bitsPerSecond: 16_000 },
    ];
    const bins = [
      ...Array<number>(20).fill(100),
      ...Array<number>(15).fill(100),
      ...Array<number>(25).fill(200),
    ];
    // 90 % of 2,000 bytes: 8 bins of 200 and 2 of 100 are the first to make it.
    expect(recoverySeconds(bins, steps, 6, 0.9)).toEqual([2.3]);
    expect(recoverySeconds(Array<number>(60).fill(100), steps, 6, 0.9)).toEqual([Number.POSITIVE_INFINITY]);
  });

  test('starting lasts until a whole second was nearly full, finishing since half of the rate', () => {
    const bins = [
      ...Array<number>(12).fill(10),
      ...Array<number>(20).fill(100),
      ...Array<number>(7).fill(20),
    ];
    expect(edgeSeconds(bins, 8_000, 0.9)).toEqual({ start: 1.1, end: 0.7 });
    expect(edgeSeconds(Array<number>(20).fill(10), 8_000, 0.9)).toEqual({ start: 2, end: 2 });
  });

  test('a cap is missed by the worst windows, above or below; excess counts above only', () => {
    const bins = [...Array<number>(40).fill(100), ...Array<number>(10).fill(90)];
    const { p95Percent, excessPercent } = capErrors(bins, 1_000, 1);
    expect(p95Percent).toBeCloseTo(8, 5);
    expect(excessPercent).toBe(0);
    expect(capErrors([110, 110, 110, 110, 110, 110, 110, 110, 110, 110], 1_000, 1).excessPercent).toBeCloseTo(
      10,
    );
  });

  test('what TCP and TLS need of themselves is no overhead of ours', () => {
    // One document of 14,480 bytes in one record, 11 full segments with their headers, and 500 bytes of frames.
    const payload = 14_480;
    const said = 500;
    const streamBytes = payload + 22 + said;
    const wire = { streamBytes, tlsRecords: 1, ipBytes: streamBytes + 11 * 52 + 1_500, repeatedBytes: 1_500 };
    expect(saidBesidePayload(wire, payload)).toBe(said);
    expect(beyondBulkFloor(wire, payload)).toBe(said);
  });
});
