// What the rate finder does at the beginning, after a silence and when a rate falls, each as one rule.
import { describe, expect, it } from 'vitest';
import { RateFinder } from '../../machines/rate-finder.ts';
import { type LinkCase, sail } from '../support/link-model.ts';

const geo: LinkCase = {
  rttMs: 600,
  rate: 250_000,
  loss: 0.005,
  lanes: 12,
  payloadBytes: 4e6,
  secondsMax: 90,
};
const seeds = [11, 12, 13, 14, 15, 16, 17];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

describe('padding on a line that has nothing to do', () => {
  it('tells the rate, so that a first document has the whole line from its first second', () => {
    const firstSeconds = seeds.map((seed) => {
      const { arrived } = sail({ ...geo, openMs: 5_000 }, new RateFinder(), seed);
      // From the moment at which the first byte can have arrived.
      return arrived.slice(53, 63).reduce((sum, bytes) => sum + bytes, 0);
    });
    expect(median(firstSeconds)).toBeGreaterThan(0.85 * 250_000);
  });

  it('is sent once, costs no more than three trains, and never over a short way', () => {
    const finder = new RateFinder();
    let bytes = 0;
    const real = finder.soundingBytes.bind(finder);
    finder.soundingBytes = (nowMs) => {
      const more = real(nowMs);
      bytes += more;
      return more;
    };
    sail({ ...geo, openMs: 60_000, payloadBytes: 100_000 }, finder, 21);
    expect(bytes).toBeGreaterThan(7_000);
    expect(bytes).toBeLessThan(24_000);
    expect(finder.soundingBytes(3_600_000)).toBe(0);
    const near = new RateFinder();
    near.roundTrip(50, 0);
    expect(near.soundingBytes(1)).toBe(0);
  });

  it('that told an eighth of the rate, or a quarter, is outgrown in four seconds', () => {
    for (const told of [30_000, 60_000]) {
      for (const seed of seeds) {
        const link: LinkCase = { ...geo, openMs: 5_000, rate: (ms) => (ms < 4_500 ? told : 250_000) };
        const { arrived } = sail(link, new RateFinder(), seed);
        const fifth = arrived.slice(90, 100).reduce((sum, bytes) => sum + bytes, 0);
        expect(fifth).toBeGreaterThan(0.75 * 250_000);
      }
    }
  });

  it('whose first segment was lost tells nothing: what comes behind it comes at once', () => {
    const finder = new RateFinder();
    finder.roundTrip(1_300, 0);
    finder.laneOpened(1, 0);
    expect(finder.soundingBytes(0)).toBeGreaterThan(0);
    const marks = Array.from({ length: 5 }, () => finder.sent(1_448, 0));
    for (const mark of marks)
      finder.confirmed({ samples: [{ lane: 1, mark, bytes: 1_448, arrivalMs: 1_950 }], atMs: 2_600 });
    expect(finder.capacity).toBeUndefined();
    expect(finder.soundingBytes(5_000)).toBeGreaterThan(0);
  });

  it('with a segment lost tells what came before the hole, not how long the hole was', () => {
    const finder = new RateFinder();
    finder.roundTrip(600, 0);
    finder.laneOpened(1, 0);
    expect(finder.soundingBytes(0)).toBeGreaterThan(0);
    const marks = Array.from({ length: 5 }, () => finder.sent(1_448, 0));
    // 6 ms apart, the last two a round trip later.
    for (const [at, arrivalMs] of [300, 306, 312, 912, 912.1].entries())
      finder.confirmed({
        samples: [{ lane: 1, mark: marks[at]!, bytes: 1_448, arrivalMs }],
        atMs: arrivalMs + 300,
      });
    expect(finder.capacity!).toBeGreaterThan(120_000);
  });

  it('that was read as one record tells the rate only with the last of it', () => {
    const finder = new RateFinder();
    finder.roundTrip(1_300, 0);
    finder.laneOpened(1, 0);
    expect(finder.soundingBytes(0)).toBeGreaterThan(0);
    const marks = Array.from({ length: 5 }, () => finder.sent(1_452, 0));
    // 91 ms apart at 16,000 bytes/s; of the last four all are there when the last is.
    for (const [at, arrivalMs] of [691, 1_054, 1_054, 1_054, 1_054].entries())
      finder.confirmed({
        samples: [{ lane: 1, mark: marks[at]!, bytes: 1_452, arrivalMs }],
        atMs: arrivalMs + 600 + at,
      });
    expect(finder.capacity! / 16_000).toBeCloseTo(1, 1);
    expect(finder.describe().baseMs! / 600).toBeCloseTo(1, 1);
  });
});

describe('where a segment takes long and confirmations are rare', () => {
  it('a queue that lanes made as they opened is no longer path, and its end no faster link', () => {
    const opening = [5_700, 5_830, 9_000, 15_000, 15_700, 15_830].map((ms) => [ms, 3_400] as const);
    const outcomes = seeds.map((seed) =>
      sail(
        {
          rttMs: 1_200,
          rate: 16_000,
          loss: 0.005,
          lanes: 4,
          openMs: 5_000,
          ackShare: 0.01,
          besides: opening,
          payloadBytes: 512e3,
          secondsMax: 200,
        },
        new RateFinder(),
        seed,
      ),
    );
    // 20 kB of the bottleneck's were theirs. Before pairs told: 84 %, 400 ms.
    expect(median(outcomes.map((one) => one.percent))).toBeGreaterThan(87);
    expect(median(outcomes.map((one) => one.queueP95Ms))).toBeLessThan(300);
    expect(Math.max(...outcomes.map((one) => one.queueP95Ms))).toBeLessThan(350);
  });
});

describe('after a silence', () => {
  it.each([
    [60_000, 1],
    [1_200_000, 0.7],
    [10_000_000, 0.4],
  ])('of %i ms it begins at %f of the rate it knew', (idleMs, share) => {
    const finder = new RateFinder();
    const { seconds } = sail({ ...geo, loss: 0 }, finder, 31);
    const before = finder.capacity!;
    const atMs = seconds * 1_000 + idleMs;
    finder.sent(1_448, atMs);
    expect(finder.state).toBe('search');
    expect(finder.capacity! / before).toBeCloseTo(share, 1);
  });
});

describe('a rate that falls to a quarter', () => {
  it('is noticed a round trip and 400 ms later, and nothing leaves until the queue is drained', () => {
    const lastMs = seeds.map((seed) => {
      const finder = new RateFinder();
      const real = finder.sent.bind(finder);
      const sentMs: number[] = [];
      finder.sent = (bytes, atMs) => {
        sentMs.push(atMs);
        return real(bytes, atMs);
      };
      const link: LinkCase = { ...geo, rate: (ms) => (ms < 10_000 ? 250_000 : 62_500), payloadBytes: 1e7 };
      sail({ ...link, secondsMax: 14 }, finder, seed);
      const pause = sentMs.findIndex((ms, at) => ms > 10_000 && (sentMs[at + 1] ?? 14_000) - ms > 400);
      return sentMs[pause]! - 10_000;
    });
    expect(median(lastMs)).toBeLessThan(1_000);
  });
});
