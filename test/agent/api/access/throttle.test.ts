import { describe, expect, test } from 'vitest';
import { createThrottle } from '../../../../agent/api/access/throttle.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

function throttled() {
  const clock = new FakeClock();
  const throttle = createThrottle(clock);
  const fail = (address: string, times = 1) => {
    for (let index = 0; index < times; index++) throttle.failed(address);
  };
  return { clock, throttle, fail };
}

describe('the throttle', () => {
  test('waits double from the third failure on, up to a quarter of an hour', () => {
    const { throttle, fail } = throttled();
    const waits = Array.from({ length: 16 }, () => {
      fail('10.0.0.7');
      return throttle.waitMs('10.0.0.7') / 1000;
    });
    expect(waits).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
  });
  test('a day of guessing from one address looks at fewer than 120 words', async () => {
    const { clock, throttle, fail } = throttled();
    let looked = 0;
    while (clock.monotonicMs() < 86_400_000) {
      const wait = throttle.waitMs('10.0.0.7');
      if (wait > 0) await clock.advance(wait);
      fail('10.0.0.7');
      looked++;
    }
    expect(looked).toBeLessThan(120);
  });
  test('another address is not held up by the first, until there are many', () => {
    const { throttle, fail } = throttled();
    fail('10.0.0.7', 15);
    expect(throttle.waitMs('10.0.0.8')).toBe(0);
    for (let index = 0; index < 30; index++) fail(`10.0.1.${index}`);
    expect(throttle.waitMs('10.0.0.8')).toBe(10_000);
  });
  test('a day of guessing from a thousand addresses looks at fewer than 9,000 words', async () => {
    const { clock, throttle, fail } = throttled();
    let looked = 0;
    while (clock.monotonicMs() < 86_400_000) {
      const address = `10.0.${looked % 4}.${looked % 250}`;
      const wait = throttle.waitMs(address);
      if (wait > 0) await clock.advance(Math.min(wait, 10_000));
      else {
        fail(address);
        looked++;
      }
    }
    expect(looked).toBeLessThan(9_000);
  });
  test('whoever logged in once is not held up by the guesses of others', () => {
    const { throttle, fail } = throttled();
    fail('10.0.0.5');
    throttle.passed('10.0.0.5');
    for (let index = 0; index < 60; index++) fail(`10.0.1.${index}`);
    expect(throttle.waitMs('10.0.0.5')).toBe(0);
    expect(throttle.waitMs('10.0.0.6')).toBe(10_000);
  });
  test('a right password forgives the wrong ones of its address', () => {
    const { throttle, fail } = throttled();
    fail('10.0.0.7', 4);
    throttle.passed('10.0.0.7');
    expect(throttle.waitMs('10.0.0.7')).toBe(0);
  });
  test('an hour without a failure forgets it all', async () => {
    const { clock, throttle, fail } = throttled();
    fail('10.0.0.7', 30);
    await clock.advance(3_600_000);
    expect(throttle.waitMs('10.0.0.7')).toBe(0);
    fail('10.0.0.7');
    expect(throttle.waitMs('10.0.0.7')).toBe(0);
  });
  test('the addresses of one IPv6 network are one', () => {
    const { throttle, fail } = throttled();
    for (let index = 0; index < 5; index++) fail(`2001:db8:1:2::${index}`);
    expect(throttle.waitMs('2001:db8:1:2:ffff::9')).toBeGreaterThan(0);
    expect(throttle.waitMs('2001:db8:1:3::1')).toBe(0);
  });
  test('remembers a bounded number of addresses', () => {
    const { throttle, fail } = throttled();
    fail('10.9.9.9', 10);
    for (let index = 0; index < 300; index++) fail(`10.${index >> 8}.${index & 255}.1`);
    // Forgotten by itself, still held by what all have failed together.
    expect(throttle.waitMs('10.9.9.9')).toBe(10_000);
  });
});
