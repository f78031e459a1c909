import { describe, expect, test } from 'vitest';
import { yacht } from './aboard.ts';

describe('tender cost', () => {
  test('without a price it tells bytes and how to set one; under --json the whole answer', async () => {
    const ship = await yacht();
    await ship.start();
    const { code, out } = await ship.tender('cost');
    expect(code).toBe(0);
    expect(out).toContain('cost.per_gb');
    const { json } = await ship.tender('cost', '--json');
    expect(json).toMatchObject([
      { type: 'result', ok: true, currency: null, months: [], total: { wireBytes: 0, spentMicros: null } },
    ]);
  });

  test('with a price it tells money', async () => {
    const ship = await yacht('[cost]\nper_gb = "50USD"\n');
    await ship.start();
    expect((await ship.tender('cost')).out).toContain('at 50.00 USD per GB');
    expect((await ship.tender('cost', '--json')).json[0]).toMatchObject({
      currency: 'USD',
      pricePerGbMicros: 50_000_000,
      total: { spentMicros: 0, naiveMicros: 0, savedMicros: 0 },
    });
  });

  test('a price without a currency is refused with the key and an example', async () => {
    const ship = await yacht('[cost]\nper_gb = "50"\n');
    const { code, err } = await ship.tender('status');
    expect(code).toBe(78);
    expect(err).toMatch(/cost\.per_gb .*"50USD"/);
  });
});
