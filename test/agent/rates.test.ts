import { describe, expect, test } from 'vitest';
import { createRates, leftOf, timeLeft } from '../../agent/daemon/rates.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** `bytes` of each second, in steps of 200 ms as effects tell them. */
async function flow(
  rates: ReturnType<typeof createRates>,
  clock: FakeClock,
  seconds: readonly number[],
  key = 'a',
  from = 0,
) {
  let durable = from;
  rates.note(key, durable);
  for (const bytes of seconds)
    for (let step = 0; step < 5; step++) {
      await clock.advance(200);
      durable += bytes / 5;
      rates.note(key, durable);
    }
  return durable;
}

describe('rates', () => {
  test('a steady flow is known in seconds, with a narrow spread', async () => {
    const clock = new FakeClock();
    const rates = createRates(clock);
    expect(rates.of('a')).toBeUndefined();
    await flow(rates, clock, Array(30).fill(100_000));
    const rate = rates.of('a')!;
    expect(rate.bytesPerSecond).toBeCloseTo(100_000, -3);
    expect(rate.spread).toBeLessThan(20_000);
    expect(rates.total()!.bytesPerSecond).toBeCloseTo(100_000, -3);
  });

  test('it follows a change and widens while it does', async () => {
    const clock = new FakeClock();
    const rates = createRates(clock);
    const durable = await flow(rates, clock, Array(30).fill(100_000));
    await flow(rates, clock, Array(10).fill(20_000), 'a', durable);
    const rate = rates.of('a')!;
    expect(rate.bytesPerSecond).toBeGreaterThan(20_000);
    expect(rate.bytesPerSecond).toBeLessThan(60_000);
    expect(rate.spread).toBeGreaterThan(20_000);
  });

  test('what stands still sinks and is then unknown, never a long guess', async () => {
    const clock = new FakeClock();
    const rates = createRates(clock);
    await flow(rates, clock, Array(20).fill(100_000));
    const moving = rates.of('a')!.bytesPerSecond;
    await clock.advance(6_000);
    expect(rates.of('a')!.bytesPerSecond).toBeLessThan(moving * 0.7);
    await clock.advance(10_000);
    expect(rates.of('a')).toBeUndefined();
    expect(rates.total()).toBeUndefined();
    expect(leftOf(1_000, rates.of('a'))).toBeNull();
  });

  test('what begins anew is not counted as a flow backwards, and a pause of all is no slow second', async () => {
    const clock = new FakeClock();
    const rates = createRates(clock);
    await flow(rates, clock, Array(10).fill(50_000));
    await clock.advance(3_600_000);
    await flow(rates, clock, Array(10).fill(50_000), 'a', 0);
    expect(rates.of('a')!.bytesPerSecond).toBeCloseTo(50_000, -4);
    expect(rates.total()!.bytesPerSecond).toBeGreaterThan(40_000);
  });

  test('time left is a range around the truth, and for one that waits includes what goes before', () => {
    const rate = { bytesPerSecond: 1_000, spread: 250 };
    expect(leftOf(10_000, rate)).toEqual({ low: 8_000, high: 13_333 });
    // However unsure, the high end is at most four times the middle.
    expect(leftOf(10_000, { bytesPerSecond: 1_000, spread: 5_000 })!.high).toBe(40_000);
    expect(timeLeft(10_000, 90_000, undefined, rate)).toEqual({ low: 80_000, high: 133_333 });
    expect(timeLeft(10_000, 90_000, { bytesPerSecond: 500, spread: 0 }, rate)).toEqual({
      low: 8_000,
      high: 20_000,
    });
    expect(timeLeft(10_000, null, undefined, rate)).toBeNull();
    expect(timeLeft(null, 0, rate, rate)).toBeNull();
    expect(timeLeft(10_000, 0, undefined, undefined)).toBeNull();
  });
});
