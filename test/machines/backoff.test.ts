import { describe, expect, it } from 'vitest';
import {
  type Backoff,
  backoffDefaults,
  backoffMs,
  linkReturnSpreadMs,
  serverCloseSpreadMs,
  spreadMs,
} from '../../machines/backoff.ts';
import { createGate } from '../../machines/breaker-gate.ts';
import { init } from '../../machines/kernel.ts';
import { type ProfileName, profiles } from '../../machines/profiles.ts';
import { FakeRandom } from '../support/fake-random.ts';

const row = (policy: Backoff, unit: number) =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(policy, attempt, unit));
const almostOne = 1 - 2 ** -32;

describe('backoff with full jitter', () => {
  it.each<[number, number[]]>([
    [0, [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]],
    [0.5, [1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
    [almostOne, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]],
  ])('chance %d gives the golden delays', (unit, delays) => {
    expect(row(backoffDefaults, unit)).toEqual(delays);
  });

  it('stays between floor and cap whatever the attempt', () => {
    const random = new FakeRandom(71, 'backoff');
    for (const attempt of [0, 1, 5, 50, 1_000, Number.MAX_SAFE_INTEGER])
      for (let i = 0; i < 200; i++) {
        const delay = backoffMs(backoffDefaults, attempt, random.unit());
        expect(delay >= backoffDefaults.floorMs && delay <= backoffDefaults.capMs).toBe(true);
        expect(Number.isSafeInteger(delay)).toBe(true);
      }
  });

  it('spreads the delays evenly, so that a fleet does not come in one second', () => {
    const random = new FakeRandom(72, 'spread');
    const seconds = new Map<number, number>();
    for (let i = 0; i < 10_000; i++) {
      const second = Math.floor(backoffMs({ ...backoffDefaults, capMs: 120_000 }, 10, random.unit()) / 1_000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    // Reliability 5.1: without jitter all 10,000 come in the same second, with full jitter at a cap of 120 s about 183.
    expect(Math.max(...seconds.values())).toBeLessThan(183);
  });
});

describe('the older formula, min(initial·2^n, max) + jitter', () => {
  it.each<[number, number[]]>([
    [0, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]],
    [0.5, [1_050, 2_100, 4_200, 8_400, 16_800, 33_600, 63_000, 63_000]],
    [almostOne, [1_100, 2_200, 4_400, 8_800, 17_600, 35_200, 66_000, 66_000]],
  ])('chance %d gives the golden delays', (unit, delays) => {
    expect(row(profiles.standard.backoff, unit)).toEqual(delays);
  });

  it('satellite: 5 s to 900 s', () => {
    expect(row(profiles.satellite.backoff, 0)).toEqual([
      5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000,
    ]);
    expect(backoffMs(profiles.satellite.backoff, 8, 0)).toBe(900_000);
  });
});

describe('profiles', () => {
  it.each(Object.keys(profiles) as ProfileName[])(
    '%s can be given to breaker and gate as it stands',
    (name) => {
      const { breaker, gate } = profiles[name];
      expect(init('breaker', breaker, { at: 1 }).cell.context).toMatchObject(breaker);
      expect(createGate('closed', gate).allowed).toBe(gate.closedMax);
    },
  );
});

describe('a spread', () => {
  it('is even from 0 to below its width', () => {
    expect([spreadMs(linkReturnSpreadMs, 0), spreadMs(linkReturnSpreadMs, almostOne)]).toEqual([0, 249]);
    expect(spreadMs(serverCloseSpreadMs, 0.5)).toBe(5_000);
  });
});
