// How many lanes a line is worth.
import { expect, test } from 'vitest';
import { lanesWanted } from '../../agent/line/lane-count.ts';

const most = 16;
const carrying = (...measured: Parameters<typeof lanesWanted>) => lanesWanted(...measured).carryingCount;

test('a fast line over a short way has few lanes, however much is in flight', () => {
  expect(carrying({ roundTripMs: 50, bytesPerSecond: 300_000_000 }, most)).toBe(4);
  expect(carrying({ roundTripMs: 50, bytesPerSecond: 300_000_000 }, 2)).toBe(2);
});

test('a fast line over a long way has as many as its flight asks for', () => {
  expect(carrying({ roundTripMs: 600, bytesPerSecond: 20_000_000 }, most)).toBe(13);
});

test('a thin line has two, and three when it is far', () => {
  expect(carrying({ roundTripMs: 50, bytesPerSecond: 10_000 }, most)).toBe(2);
  expect(carrying({ roundTripMs: 600, bytesPerSecond: 10_000 }, most)).toBe(3);
});

test('a busy machine at the end of a short way is worth no further lanes', () => {
  const busy = { roundTripMs: 90, leastRoundTripMs: 2, bytesPerSecond: 1_700_000 };
  expect(carrying(busy, most)).toBe(2);
});

test('far away one lane stands by for each four that carry, and no more than sixteen are open', () => {
  expect(lanesWanted({ roundTripMs: 600, bytesPerSecond: 250_000 }, most)).toEqual({
    carryingCount: 13,
    reserveCount: 3,
  });
  expect(lanesWanted({ roundTripMs: 600, bytesPerSecond: 2_500_000 }, most)).toEqual({
    carryingCount: 13,
    reserveCount: 3,
  });
  expect(lanesWanted({ roundTripMs: 1_200, bytesPerSecond: 16_000 }, most).reserveCount).toBe(1);
  expect(lanesWanted({ roundTripMs: 600, bytesPerSecond: 250_000 }, 1)).toEqual({
    carryingCount: 1,
    reserveCount: 0,
  });
});
