import { describe, expect, test } from 'vitest';
import { cases } from '../bench/link/cases.ts';
import { isMet, mediansOf } from '../bench/link/goals.ts';
import { comparePeers } from '../bench/link/peers/peers.ts';

describe('the verdict', () => {
  test('a figure that is missing or no number misses its goal', () => {
    expect(isMet({}, { goodputPercent: { min: 90 } })).toBe(false);
    expect(isMet({ goodputPercent: Number.NaN }, { goodputPercent: { min: 90 } })).toBe(false);
    expect(isMet({ goodputPercent: 90 }, { goodputPercent: { min: 90 } })).toBe(true);
    expect(isMet({ addedDelayP95Ms: 61 }, { addedDelayP95Ms: { max: 60 } })).toBe(false);
  });

  test('each figure has the median of its own, whichever seed it came from', () => {
    expect(
      mediansOf([
        { a: 1, b: 9 },
        { a: 2, b: 8 },
        { a: 3, b: 1 },
      ]),
    ).toEqual({ a: 2, b: 8 });
  });

  test('a polite peer must be beaten twice over, a rude one reached', () => {
    const ours = { goodputPercent: 90 };
    const peer = (goodputPercent: number, addedDelayP95Ms: number) =>
      comparePeers(ours, [{ peer: 'p', seed: 1, figures: { goodputPercent, addedDelayP95Ms } }]).met;
    expect(peer(45, 150)).toBe(true);
    expect(peer(46, 150)).toBe(false);
    expect(peer(90, 151)).toBe(true);
    expect(peer(91, 400)).toBe(false);
  });

  test('how much better than the best of either sort is a figure with a goal', () => {
    const run = (peer: string, goodputPercent: number, addedDelayP95Ms: number) =>
      ({ peer, seed: 1, figures: { goodputPercent, addedDelayP95Ms } }) as const;
    const others = [run('a', 30, 20), run('b', 36, 150), run('c', 80, 400)];
    const { figures, goals } = comparePeers({ goodputPercent: 90 }, others);
    expect(figures).toEqual({ timesPolitePeers: 2.5, timesOtherPeers: 1.13 });
    expect(goals).toEqual({ timesPolitePeers: { min: 2 }, timesOtherPeers: { min: 1 } });
  });

  test('a peer that never ended is beaten, and its failures are told', () => {
    const { rows, met, figures } = comparePeers({ goodputPercent: 10 }, [
      { peer: 'p', seed: 1, failed: 'ended with 124' },
    ]);
    expect(met).toBe(true);
    expect(rows).toEqual([{ peer: 'p', failed: 1, beaten: true }]);
    expect(figures).toEqual({});
  });

  test('every case has a limit of time', () => {
    for (const about of Object.values(cases)) expect(about.maxSeconds).toBeGreaterThan(0);
  });
});
