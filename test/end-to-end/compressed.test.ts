// What shrinks travels shrunk, with real processes: fewer bytes on the wire, the same ashore, and the bill says what that saved.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { expectDelivered } from './support/delivered.ts';
import { commission } from './support/ship.ts';
import { openShore, type Shore } from './support/shore.ts';
import { until } from './support/until.ts';
import { openWire } from './support/wire.ts';

let shore: Shore;
beforeAll(async () => {
  shore = await openShore();
});
afterAll(() => shore?.close());

function log(lengthBytes: number, vessel: number): Buffer {
  const lines: string[] = [];
  for (let n = 0, length = 0; length < lengthBytes; n++) {
    lines.push(
      `${n * 7 + vessel} 43.${(n * 7_919) % 9_973}N 7.${(n * 104_729) % 9_967}E all is well on board\n`,
    );
    length += lines.at(-1)!.length;
  }
  return Buffer.from(lines.join('')).subarray(0, lengthBytes);
}

test('a long text and small notes that leave in packs: the wire carries less, and `cost` tells how much', async () => {
  const way = await openWire(shore.port);
  onTestFinished(() => way.close());
  const ship = await commission(shore, way.url);
  await ship.start();
  await ship.untilConnected();
  const before = way.counters().upBytes;
  const cargo = new Map<string, Buffer>();
  for (const [name, bytes] of [
    ['log.txt', log(400_000, 1)],
    ...Array.from({ length: 10 }, (_, n) => [`note-${n}.txt`, log(4_000, n + 2)] as const),
  ] as const) {
    cargo.set(`added/${name}`, bytes);
    await ship.add(name, bytes);
  }
  await expectDelivered(shore, ship, cargo);
  const wireBytes = way.counters().upBytes - before;
  expect(wireBytes).toBeLessThan(300_000);
  const { total } = await until('the bill to be whole', async () => {
    const costs = (await ship.api.get('/v1/costs')) as unknown as Costs;
    return costs.total.documentsStored === cargo.size ? costs : undefined;
  });
  expect(total.savedBytes).toMatchObject({ resumed: 0, deduped: 0 });
  expect(total.naiveBytes).toBe(total.wireBytes + total.savedBytes.compressed);
  // What it says was spent and saved is all that there was, and little more for frames.
  expect(total.naiveBytes).toBeGreaterThan(440_000);
  expect(total.naiveBytes).toBeLessThan(440_000 * 1.02);
  expect(total.wireBytes).toBeLessThanOrEqual(wireBytes);
}, 60_000);

interface Costs {
  readonly total: {
    readonly wireBytes: number;
    readonly naiveBytes: number;
    readonly documentsStored: number;
    readonly savedBytes: { readonly resumed: number; readonly deduped: number; readonly compressed: number };
  };
}
