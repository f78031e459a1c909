// How many lanes a line is worth.
import { expect, test } from 'vitest';
import { lanesWanted } from '../../agent/line/lane-count.ts';

const most = 16;

test('a fast line over a short way has few lanes, however much is in flight', () => {
  expect(lanesWanted({ roundTripMs: 50, bytesPerSecond: 300_000_000 }, most)).toBe(4);
  expect(lanesWanted({ roundTripMs: 50, bytesPerSecond: 300_000_000 }, 2)).toBe(2);
});

test('a fast line over a long way has as many as its flight asks for', () => {
  expect(lanesWanted({ roundTripMs: 600, bytesPerSecond: 20_000_000 }, most)).toBe(16);
});

test('a thin line has two, and three when it is far', () => {
  expect(lanesWanted({ roundTripMs: 50, bytesPerSecond: 10_000 }, most)).toBe(2);
  expect(lanesWanted({ roundTripMs: 600, bytesPerSecond: 10_000 }, most)).toBe(3);
});

test('a busy machine at the end of a short way is worth no further lanes', () => {
  const busy = { roundTripMs: 90, leastRoundTripMs: 2, bytesPerSecond: 1_700_000 };
  expect(lanesWanted(busy, most)).toBe(2);
});
