import { describe, expect, onTestFinished, test } from 'vitest';
import { costMicros, moneyText, readPrice } from '../../agent/config/price.ts';
import { costsJson } from '../../agent/daemon/costs.ts';
import { createMeter } from '../../agent/daemon/meter.ts';
import type { EffectHandler } from '../../agent/host/contract.ts';
import type { KeyValue, Storage } from '../../agent/ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { withBatch } from '../support/wrapped-batch.ts';
import { addUpload, queueAboard, sentEvent, smooth, storedEvent, uploadId } from './support/queue-aboard.ts';

const price = { currency: 'USD', microsPerGb: 50_000_000 };
const month = '2026-01';
const rest = (ms: number) => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms));

async function metered(
  directory: string,
  handlers: Record<string, EffectHandler> = {},
  storage: (real: Storage) => Storage = (real) => real,
) {
  const clock = new FakeClock();
  const aboard = await queueAboard(directory, { clock, handlers, storage });
  const meter = createMeter({ host: aboard.host, clock, log: () => {} });
  meter.start();
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    meter.stop();
    await aboard.close();
  };
  onTestFinished(() => Promise.race([close().catch(() => undefined), rest(100)]));
  const passing = async (ms: number) => {
    for (let step = 0; step < 20; step++) {
      await clock.advance(ms / 20);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  return { ...aboard, clock, meter, close, passing };
}

describe('money', () => {
  test('a price is a number with a currency in capitals, kept in whole millionths', () => {
    expect(readPrice('50USD')).toEqual({ value: price });
    expect(readPrice('7.90 EUR')).toEqual({ value: { currency: 'EUR', microsPerGb: 7_900_000 } });
    expect(readPrice('0.000001XAU')).toEqual({ value: { currency: 'XAU', microsPerGb: 1 } });
    expect(readPrice('none')).toEqual({ value: null });
    for (const wrong of ['50', '50usd', '0USD', '-1USD', '1e3USD', '$50', '50USD/GB', ''])
      expect(readPrice(wrong), wrong).toHaveProperty('wrong');
  });

  test('it is exact where floating point would not be', () => {
    expect(costMicros(500_000_000, price)).toBe(25_000_000);
    expect(costMicros(9_007_199_254_740_991, price)).toBe(450_359_962_737_050);
    expect(costMicros(1, { currency: 'USD', microsPerGb: 1 })).toBe(0);
    expect(moneyText(47_500_000, 'USD')).toBe('47.50 USD');
    expect(moneyText(120, 'USD')).toBe('0.000120 USD');
    expect(moneyText(-25_005_000, 'USD')).toBe('-25.01 USD');
  });
});

describe('the meter', () => {
  test('500 MB cut at 90 %: the rest costs $25.00 in all, where sending it anew costs $47.50', async () => {
    let tries = 0;
    const { host, meter, running } = await metered(await temporaryDirectory(), {
      sendDocument: async ({ checkpoint, signal }) => {
        tries += 1;
        if (tries === 1) {
          checkpoint({ type: 'transfer.checkpointed', bytesDurable: 450_000_000, wireBytes: 450_000_000 });
          // The link breaks: the effect is withdrawn and issued again when it is back.
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        }
        checkpoint({ type: 'transfer.checkpointed', bytesDurable: 450_000_000, resumedBytes: 450_000_000 });
        return { ...sentEvent(500_000_000), wireBytes: 50_000_000 };
      },
      confirmStored: async () => storedEvent(),
      releaseSource: async () => ({ type: 'source.released' }),
    });
    await addUpload(host, 1, { sizeBytes: 500_000_000 });
    await expect.poll(() => running.size).toBe(1);
    host.setPermits('line', 0);
    await expect.poll(() => running.size).toBe(0);
    host.setPermits('line', 4);
    await expect.poll(async () => (await host.read(`upload/${uploadId(1)}`))?.value).toBe('stored');
    const costs = costsJson(await meter.months(), await meter.total(), price);
    expect(costs.total).toMatchObject({
      wireBytes: 500_000_000,
      spentMicros: 25_000_000,
      naiveMicros: 47_500_000,
      savedMicros: 22_500_000,
      savedBytes: { resumed: 450_000_000, total: 450_000_000 },
      documentsStored: 1,
    });
    expect(costs.months).toMatchObject([{ month, spentMicros: 25_000_000 }]);
    // The upload itself knows the same.
    expect((await host.read(`upload/${uploadId(1)}`))?.context).toMatchObject({
      wireBytes: 500_000_000,
      resumedBytes: 450_000_000,
    });
  });

  test('a text of 100 MB that leaves in 25, and a change of a plan told by the version before, cost what went', async () => {
    const { host, meter } = await metered(await temporaryDirectory(), {
      sendDocument: async ({ actor }) =>
        actor === `upload/${uploadId(1)}`
          ? { ...sentEvent(100_000_000), wireBytes: 26_000_000, compressedAwayBytes: 60_000_000 }
          : { ...sentEvent(8_010_000), wireBytes: 12_000, dedupedBytes: 8_000_000 },
      // What became durable after the finish had left.
      confirmStored: async ({ actor }) => ({
        ...storedEvent(),
        ...(actor === `upload/${uploadId(1)}` && { compressedAwayBytes: 15_000_000 }),
      }),
      releaseSource: async () => ({ type: 'source.released' }),
    });
    for (const n of [1, 2]) {
      await addUpload(host, n);
      await expect.poll(async () => (await host.read(`upload/${uploadId(n)}`))?.value).toBe('stored');
    }
    const costs = costsJson(await meter.months(), await meter.total(), price);
    expect(costs.total).toMatchObject({
      wireBytes: 26_012_000,
      spentMicros: 1_300_600,
      naiveMicros: 5_450_600,
      savedBytes: { resumed: 0, deduped: 8_000_000, compressed: 75_000_000, total: 83_000_000 },
    });
  });

  test('whenever it dies, before or after its rows, nothing is lost and nothing counted twice', async () => {
    const directory = await temporaryDirectory();
    const each = 100_100;
    let documents = 0;
    for (let life = 0; life < 8; life++) {
      const ship = await metered(directory, smooth);
      for (let i = 0; i < 3; i++) await addUpload(ship.host, ++documents);
      const done = async () => (await ship.uploads.list({ limit: 100, state: 'stored' })).items.length;
      await expect.poll(done, { timeout: 5_000 }).toBe(documents);
      // Some lives end before the sums were written, some after, some between.
      if (life % 3 === 1) await ship.passing(12_000);
      if (life % 3 === 2) await ship.passing(9_900);
      if (life % 2 === 0)
        expect(await ship.meter.total()).toMatchObject({
          wireBytes: documents * each,
          documentsStored: documents,
        });
      await ship.close();
    }
    const last = await metered(directory, smooth);
    expect(await last.meter.total()).toMatchObject({
      wireBytes: documents * each,
      documentsStored: documents,
    });
    expect(last.meter.delivered).toMatchObject({ day: '2026-01-01', count: documents });
  });

  test('with the power gone after any batch, its sums are those of the documents that are left', async () => {
    let cut = 0;
    let met = 0;
    for (let batches = 1; ; batches += 1) {
      const directory = await temporaryDirectory();
      let written = 0;
      let kv: KeyValue | undefined;
      const { promise: died, resolve: die } = Promise.withResolvers<undefined>();
      const dying = (real: Storage): Storage => ({
        ...real,
        open: async () => {
          const whole = await real.open();
          kv = whole;
          return withBatch(whole, (changes, options) => {
            if (++written <= batches) return whole.batch(changes, options);
            die(undefined);
            return new Promise(() => {});
          });
        },
      });
      const first = await Promise.race([metered(directory, smooth, dying), died]);
      if (first !== undefined) {
        const stored = async (count: number) => {
          while (written <= batches && first.board.states().stored !== count) await rest(5);
        };
        const life = async () => {
          await Promise.all([1, 2, 3].map((i) => addUpload(first.host, i)));
          await stored(3);
          await first.passing(12_000);
          await Promise.all([4, 5, 6].map((i) => addUpload(first.host, i)));
          await stored(6);
        };
        await Promise.race([life(), died]);
      }
      await kv?.close();
      const second = await metered(directory);
      second.host.setPermits('line', 0);
      let wireBytes = 0;
      for await (const { cell } of second.host.list({ kind: 'upload', limit: 100 }))
        wireBytes += Number(cell.context.wireBytes);
      expect((await second.meter.total()).wireBytes, `cut after ${batches} batches`).toBe(wireBytes);
      if ((await second.host.row('meter/cursor')) !== undefined) met += 1;
      await second.close();
      cut += 1;
      if (written <= batches) break;
    }
    expect(cut).toBeGreaterThan(6);
    // Some of them died after the meter had written, too.
    expect(met).toBeGreaterThan(1);
  }, 30_000);

  test('its own rows do not keep it busy: after they are written nothing more is', async () => {
    const ship = await metered(await temporaryDirectory(), smooth);
    await addUpload(ship.host, 1);
    await expect.poll(async () => (await ship.host.read(`upload/${uploadId(1)}`))?.value).toBe('stored');
    await ship.passing(60_000);
    const head = ship.host.status().lastSeq;
    expect(await ship.host.row('meter/cursor')).toContain('"seq"');
    await ship.passing(600_000);
    expect(ship.host.status().lastSeq).toBe(head);
  });
});
