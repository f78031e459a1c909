import { describe, expect, test } from 'vitest';
import { heartbeatEveryMs } from '../../../agent/config/heartbeat.ts';
import { createThrottle } from '../../../agent/daemon/throttle.ts';
import type { Change } from '../../../agent/ports.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp(configuredBytesPerSecond = 0) {
  const rows = new Map<string, string>();
  const applied: (number | null)[] = [];
  const host = {
    row: async (key: string) => rows.get(key),
    putRows: async (changes: readonly Change[]) => {
      for (const change of changes)
        if (change.type === 'put') rows.set(change.key, change.value);
        else rows.delete(change.key);
    },
  };
  const boot = async () => {
    const throttle = createThrottle({
      host,
      clock: new FakeClock(),
      log: () => {},
      configuredBytesPerSecond,
      apply: (bytesPerSecond) => applied.push(bytesPerSecond),
    });
    await throttle.start();
    return throttle;
  };
  return { rows, applied, boot };
}

describe('the ceiling set by hand', () => {
  test('takes effect at once and holds over restarts', async () => {
    const { applied, boot } = setUp();
    const throttle = await boot();
    await throttle.set('500kbit', 'anna');
    const again = await boot();
    expect(applied).toEqual([null, 62_500, 62_500]);
    expect(again.describe()).toMatchObject({ bytesPerSecond: 62_500, from: 'hand', by: 'anna' });
  });

  test('is above the configuration: off lifts both, auto goes back to it', async () => {
    const { applied, rows, boot } = setUp(100_000);
    const throttle = await boot();
    await throttle.set('off', 'anna');
    expect(throttle.describe()).toMatchObject({ bytesPerSecond: null, from: 'hand' });
    await throttle.set('auto', 'anna');
    expect(throttle.describe()).toMatchObject({ bytesPerSecond: 100_000, from: 'configuration', by: null });
    expect(applied).toEqual([100_000, null, 100_000]);
    expect(rows.size).toBe(0);
  });

  test.each(['', '500', 'fast', '1kbit', '900Gbit', 'none'])('refuses %j in words', async (rate) => {
    const { applied, boot } = setUp();
    const throttle = await boot();
    await expect(throttle.set(rate, 'anna')).rejects.toThrow(/rate .*off.*auto/);
    expect(applied).toEqual([null]);
  });
});

describe('the heartbeat', () => {
  const minutes = 60_000;
  const price = (units: number) => ({ currency: 'USD', microsPerGb: units * 1_000_000 });

  test('is six times rarer where a gigabyte is dear', () => {
    expect(heartbeatEveryMs(5 * minutes, { perGb: price(50), isChosen: false })).toBe(30 * minutes);
    expect(heartbeatEveryMs(5 * minutes, { perGb: price(1), isChosen: false })).toBe(5 * minutes);
    expect(heartbeatEveryMs(5 * minutes, { perGb: null, isChosen: false })).toBe(5 * minutes);
  });

  test('stays as somebody wrote it down', () => {
    expect(heartbeatEveryMs(2 * minutes, { perGb: price(50), isChosen: true })).toBe(2 * minutes);
  });
});
