// How many lanes are dialled, and when not.
import { expect, test } from 'vitest';
import type { Connector } from '../../agent/line/connector.ts';
import { LaneKeeper } from '../../agent/line/lane-keeper.ts';
import type { Lanes } from '../../agent/line/lanes.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A line worth 13 lanes and 3 in reserve: 2 Mbit/s, 600 ms. Dials never end. */
function keeperOf(open: { count: number; worth: boolean }) {
  const dialled = { count: 0 };
  const connector = {
    get dialling() {
      return dialled.count;
    },
    dial: () => {
      dialled.count += 1;
      return new Promise(() => {});
    },
  };
  const keeper = new LaneKeeper({
    clock: new FakeClock(),
    connector: connector as unknown as Connector,
    lanes: { count: open.count, balance: () => {} } as unknown as Lanes,
    lanesMax: 16,
    wanted: () => undefined as never,
    measured: () => ({ roundTripMs: 600, bytesPerSecond: 250_000 }),
    isWorthMore: () => open.worth,
  });
  return { keeper, dialled };
}

test('as many lanes as the line is worth are dialled, once', () => {
  const { keeper, dialled } = keeperOf({ count: 2, worth: true });
  keeper.tend();
  keeper.tend();
  expect(dialled.count).toBe(14);
});

test('a few kilobytes are not worth the handshakes: no more than a second lane, in case the first one sleeps', () => {
  const alone = keeperOf({ count: 1, worth: false });
  alone.keeper.tend();
  alone.keeper.tend();
  expect(alone.dialled.count).toBe(1);
  const two = keeperOf({ count: 2, worth: false });
  two.keeper.tend();
  expect(two.dialled.count).toBe(0);
});
