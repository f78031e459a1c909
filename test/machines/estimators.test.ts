import { describe, expect, it } from 'vitest';
import {
  degradeDefaults,
  doubtAfterMs,
  inDoubt,
  type LineEstimate,
  newEstimate,
  observe,
  type Sample,
} from '../../machines/estimators.ts';

const feed = (samples: readonly Sample[], from: LineEstimate = newEstimate) => {
  let estimate = from;
  const events: string[] = [];
  for (const sample of samples) {
    const seen = observe(estimate, sample);
    estimate = seen.estimate;
    if (seen.event) events.push(seen.event.type);
  }
  return { estimate, events };
};
const rtt = (rttMs: number, atMs: number): Sample => ({ kind: 'rtt', rttMs, atMs });
/** `bytes` acknowledged every 100 ms for `ms`, always with bytes outstanding. */
const stream = (bytesPerAck: number, fromMs: number, ms: number): Sample[] => [
  { kind: 'sent', atMs: fromMs },
  ...Array.from(
    { length: ms / 100 },
    (_, i): Sample => ({
      kind: 'ack',
      bytes: bytesPerAck,
      outstandingBytes: 1,
      atMs: fromMs + (i + 1) * 100,
    }),
  ),
];

describe('the estimate of a line', () => {
  it('smooths round trips as RFC 6298 does', () => {
    expect(feed([rtt(600, 0)]).estimate).toMatchObject({ srttMs: 600, rttvarMs: 300, minRttMs: 600 });
    expect(feed([rtt(600, 0), rtt(1_000, 1)]).estimate).toMatchObject({
      srttMs: 650,
      rttvarMs: 325,
      minRttMs: 600,
    });
  });

  it('finds the rate of acknowledged bytes', () => {
    const { estimate } = feed(stream(25_000, 0, 20_000));
    expect(estimate.rateBps).toBeCloseTo(250_000, -3);
  });

  it('follows a changed rate within its memory', () => {
    const { estimate } = feed([...stream(25_000, 0, 20_000), ...stream(5_000, 20_000, 15_000)]);
    expect(estimate.rateBps).toBeGreaterThan(50_000);
    expect(estimate.rateBps).toBeLessThan(65_000);
  });

  it('does not take idle time for a slow line', () => {
    const busy = feed(stream(25_000, 0, 5_000)).estimate;
    const done: Sample = { kind: 'ack', bytes: 25_000, outstandingBytes: 0, atMs: 5_100 };
    const later = feed([done, ...stream(25_000, 900_000, 5_000)], busy).estimate;
    expect(later.rateBps).toBeGreaterThan(240_000);
  });

  it('doubts after max(3·SRTT, 4 s) without an acknowledged byte, only while bytes are outstanding', () => {
    expect(doubtAfterMs(newEstimate)).toBe(4_000);
    expect(doubtAfterMs(feed([rtt(600, 0)]).estimate)).toBe(4_000);
    expect(doubtAfterMs(feed([rtt(1_500, 0)]).estimate)).toBe(4_500);
    const { estimate } = feed(stream(25_000, 0, 1_000));
    expect([inDoubt(estimate, 4_999), inDoubt(estimate, 5_000)]).toEqual([false, true]);
    const idle = feed([{ kind: 'ack', bytes: 1, outstandingBytes: 0, atMs: 1_100 }], estimate).estimate;
    expect(inDoubt(idle, 1e9)).toBe(false);
  });

  it('an acknowledgement of nothing new does not calm a doubt', () => {
    const { estimate } = feed(stream(25_000, 0, 1_000));
    const empty = feed([{ kind: 'ack', bytes: 0, outstandingBytes: 9, atMs: 4_900 }], estimate).estimate;
    expect(inDoubt(empty, 5_000)).toBe(true);
  });

  it('calls a line degraded when it is beyond a threshold for long enough, and recovered when clearly below it', () => {
    const slow = Array.from({ length: 20 }, (_, i) => rtt(4_000, i * 1_000));
    const { estimate, events } = feed(slow);
    expect([events, estimate.degraded]).toEqual([['link.degraded'], true]);
    // Between recovery share and threshold nothing changes: no flapping.
    const middling = Array.from({ length: 60 }, (_, i) => rtt(2_700, 30_000 + i * 1_000));
    expect(feed(middling, estimate).events).toEqual([]);
    const good = Array.from({ length: 60 }, (_, i) => rtt(600, 100_000 + i * 1_000));
    expect(feed(good, estimate).events).toEqual(['link.recovered']);
  });

  it('a moment beyond the threshold is no degradation', () => {
    const spike = [
      rtt(600, 0),
      rtt(60_000, 1_000),
      ...Array.from({ length: 20 }, (_, i) => rtt(600, 1_100 + i * 200)),
    ];
    expect(feed(spike).events).toEqual([]);
  });

  it('the crossing carries the numbers that decided, as the machine’s event wants them', () => {
    let estimate: LineEstimate = newEstimate;
    for (let at = 0; at <= degradeDefaults.holdMs; at += 1_000) {
      const seen = observe(estimate, rtt(4_000, at));
      estimate = seen.estimate;
      if (seen.event)
        expect(seen.event).toEqual({ type: 'link.degraded', numbers: { srttMs: 4_000, rateBps: null } });
    }
    expect(estimate.degraded).toBe(true);
  });
});
