import { afterEach, describe, expect, test } from 'vitest';
import { timeZone } from '../../agent/adapters/time-zone.ts';

const before = process.env.TZ;
afterEach(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

describe('the ship’s time zone', () => {
  test.each([
    ['Pacific/Auckland', 'Pacific/Auckland'],
    [':America/Argentina/Ushuaia', 'America/Argentina/Ushuaia'],
    ['UTC', 'UTC'],
    ['../../etc/passwd', undefined],
    ['<x>', undefined],
  ])('TZ=%s is %s', async (given, expected) => {
    process.env.TZ = given;
    expect(await timeZone()).toBe(expected);
  });
  test('without TZ is what the system says, which Intl says too', async () => {
    delete process.env.TZ;
    const found = await timeZone();
    expect([undefined, Intl.DateTimeFormat().resolvedOptions().timeZone, 'Etc/UTC']).toContain(found);
  });
});
