import { describe, expect, it } from 'vitest';
import { RateFinder } from '../../machines/rate-finder.ts';
import { sendsRememberedMax } from '../../machines/rate-finder-flight.ts';
import { type LinkCase, sail } from '../support/link-model.ts';

const clean: LinkCase = { rttMs: 600, rate: 250_000, payloadBytes: 2e6, secondsMax: 60 };

describe('the rate finder', () => {
  it('goes from a train to a search to following, and says why', () => {
    const finder = new RateFinder();
    expect(finder.describe()).toMatchObject({ state: 'train', capacityBytesPerSecond: null, events: [] });
    sail(clean, finder, 1);
    const { state, events, capacityBytesPerSecond } = finder.describe();
    expect(state).toBe('follow');
    expect(events.slice(0, 2)).toMatchObject([
      { from: 'train', to: 'search', why: 'the first frames arrived' },
      { from: 'search', to: 'follow', why: 'the rate is known' },
    ]);
    // In bytes handed to lanes: TCP's headers come on top.
    expect(capacityBytesPerSecond! / 250_000).toBeGreaterThan(0.93);
    expect(capacityBytesPerSecond! / 250_000).toBeLessThan(1);
  });

  it('sends no more than a small buffer holds before it knows anything', () => {
    const finder = new RateFinder();
    finder.roundTrip(600, 0);
    let bytes = 0;
    while (finder.waitMs(0) === 0) {
      bytes += finder.grainBytes();
      finder.sent(finder.grainBytes(), 0);
    }
    expect(bytes).toBeLessThan(8_000);
    for (let now = 0; now < 5_000; now += 10)
      while (finder.waitMs(now) === 0) {
        bytes += finder.grainBytes();
        finder.sent(finder.grainBytes(), now);
      }
    expect(bytes).toBeLessThan(20_000);
  });

  it('holds while the link is lost, asks now and then, and goes on at the former rate when it is back', () => {
    const finder = new RateFinder();
    sail(clean, finder, 2);
    const before = finder.capacity!;
    finder.linkLost(60_000);
    expect(finder.state).toBe('hold');
    let asked = 0;
    for (let now = 60_000; now < 80_000; now += 10)
      if (finder.waitMs(now) === 0) {
        asked++;
        finder.sent(finder.grainBytes(), now);
      }
    expect(asked).toBeGreaterThan(30);
    expect(asked).toBeLessThan(80);
    finder.linkBack(80_000);
    expect(finder.describe()).toMatchObject({ state: 'search' });
    expect(finder.capacity! / before).toBeCloseTo(1, 1);
    expect(finder.waitMs(80_000)).toBe(0);
  });

  it('stops within a round trip and 400 ms when nothing is confirmed any more', () => {
    const finder = new RateFinder();
    let sentAfterMs = 0;
    const cut: LinkCase = { ...clean, payloadBytes: 4e6, secondsMax: 13, outages: [[10_000, 99_000]] };
    const real = finder.sent.bind(finder);
    let after = 0;
    finder.sent = (bytes, atMs) => {
      if (atMs > 10_000 && finder.state !== 'hold') {
        sentAfterMs = atMs - 10_000;
        after += bytes;
      }
      return real(bytes, atMs);
    };
    sail(cut, finder, 3);
    expect(sentAfterMs).toBeLessThan(1_000);
    expect(after).toBeLessThan(1.25 * 250_000 * 0.6);
  });

  it('does not take it for an outage that a last frame was never confirmed before the line was idle', () => {
    const finder = new RateFinder();
    sail(clean, finder, 4);
    finder.sent(100, 60_000);
    expect(finder.waitMs(90_000)).toBe(0);
    expect(finder.state).not.toBe('hold');
    finder.sent(1_408, 90_000);
    expect(finder.waitMs(90_300)).toBe(0);
    expect(finder.state).not.toBe('hold');
  });

  it('allows a lane what slow start would, and less again after it was idle', () => {
    const finder = new RateFinder();
    finder.roundTrip(100, 0);
    finder.laneOpened(7, 0);
    const start = finder.laneWindowBytes(7);
    expect(start).toBeLessThanOrEqual(14_600);
    const mark = finder.sent(10_000, 0);
    finder.confirmed({ samples: [{ lane: 7, mark, bytes: 10_000, arrivalMs: 5 }], atMs: 100 });
    expect(finder.laneWindowBytes(7)).toBe(start + 10_000);
    finder.sent(100, 5_000);
    expect(finder.laneWindowBytes(7)).toBe(start);
    finder.laneLost(7, 100);
    expect(finder.describe().unconfirmedBytes).toBe(0);
  });

  it('takes marks that it forgot, or never gave, for nothing', () => {
    const finder = new RateFinder();
    finder.roundTrip(100, 0);
    const first = finder.sent(1_000, 0);
    for (let n = 0; n < sendsRememberedMax + 5; n++) finder.sent(1_000, n);
    for (const mark of [first, -1, 12.5, Number.NaN, 1e15])
      finder.confirmed({ samples: [{ lane: 1, mark, bytes: 10, arrivalMs: 1 }], atMs: 9_000 });
    expect(Number.isFinite(finder.waitMs(9_001))).toBe(true);
    expect(Number.isFinite(finder.windowBytes())).toBe(true);
  });

  it('knows the rate from two packs, however far apart they left', () => {
    // 4,274 bytes take 17.1 ms at 250,000 bytes/s; machines wake and read a little late.
    for (const apartMs of [0, 5, 11, 14])
      for (const lateMs of [-2, 0, 2]) {
        const finder = new RateFinder();
        finder.roundTrip(820, 0);
        const marks = [finder.sent(4_274, 1_000), finder.sent(4_274, 1_000 + apartMs)];
        const samples = marks.map((mark, at) => ({
          lane: at + 1,
          mark,
          bytes: 4_274,
          arrivalMs: 1_417 + 17.1 * at + lateMs * at,
        }));
        finder.confirmed({ samples, atMs: 1_850 });
        expect(finder.state).toBe('search');
        expect(finder.capacity! / 250_000).toBeGreaterThan(0.7);
        expect(finder.capacity! / 250_000).toBeLessThan(1.25);
      }
  });

  it('believes no more than what arrived when nothing had to wait', () => {
    const finder = new RateFinder();
    const marks = [finder.sent(4_274, 1_000), finder.sent(4_274, 1_030)];
    const samples = marks.map((mark, at) => ({
      lane: at + 1,
      mark,
      bytes: 4_274,
      arrivalMs: 1_417 + 30 * at,
    }));
    finder.confirmed({ samples, atMs: 1_850 });
    expect(finder.capacity!).toBeLessThan(4_274 / 0.03);
  });

  it('keeps few events, whatever happens', () => {
    const finder = new RateFinder();
    for (let n = 0; n < 200; n++) {
      finder.linkLost(n * 10);
      finder.linkBack(n * 10 + 5);
    }
    expect(finder.describe().events.length).toBeLessThanOrEqual(32);
  });

  it('a clock that stands still or goes back harms nothing', () => {
    const finder = new RateFinder();
    finder.roundTrip(50, 1_000);
    finder.sent(1_000, 1_000);
    finder.sent(1_000, 500);
    finder.confirmed({ samples: [{ lane: 1, mark: 1_000, bytes: 1_000, arrivalMs: 3 }], atMs: 400 });
    expect(finder.waitMs(300)).toBeGreaterThanOrEqual(0);
  });
});
