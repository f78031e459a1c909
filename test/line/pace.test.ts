import { describe, expect, test } from 'vitest';
import { LinePace, wireBytesOf } from '../../agent/line/pace.ts';
import { content, yachtAndShore } from './support/yacht.ts';

describe('the throttle', () => {
  test('holds over every second, for ten large files at once, all bytes counted: within 3 %', async () => {
    const yacht = await yachtAndShore();
    yacht.chunkBytes = 20_000;
    await yacht.open();
    const rate = 50_000;
    yacht.line.throttle(rate);
    const uploads = Array.from({ length: 10 }, (_, n) => yacht.upload(content(200_000, n)));
    const sending = uploads.map((uploadId) => yacht.send(uploadId));
    const start = yacht.line.status().wireBytesUp;
    await yacht.clock.advance(2_000);
    let before = yacht.line.status().wireBytesUp;
    for (let second = 0; second < 15; second++) {
      await yacht.clock.advance(1_000);
      const now = yacht.line.status().wireBytesUp;
      expect(Math.abs(now - before - rate)).toBeLessThan(rate * 0.03);
      before = now;
    }
    expect(before - start).toBeLessThanOrEqual(17 * rate * 1.01);
    yacht.line.throttle(rate * 4); // obeyed at once; the window follows what it measures
    await yacht.clock.advance(2_000);
    before = yacht.line.status().wireBytesUp;
    await yacht.clock.advance(1_000);
    expect(Math.abs(yacht.line.status().wireBytesUp - before - rate * 4)).toBeLessThan(rate * 4 * 0.03);
    yacht.line.throttle(null);
    for (const [at, one] of sending.entries()) {
      const sent = await yacht.until(one.event);
      expect((await yacht.until(yacht.confirm(uploads[at]!, sent).event)).type).toBe('upload.stored');
    }
  });

  test('at a kilobyte per second a document still arrives, and the line is not doubted for it', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.line.throttle(1_024);
    const uploadId = yacht.upload(content(20_000));
    const began = yacht.clock.monotonicMs();
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(yacht.clock.monotonicMs() - began).toBeGreaterThan(18_000);
    expect(yacht.link.dials).toBe(1);
  });
});

describe('the cap on a held clock', () => {
  /** Sends as allowed for so many seconds over a line that is faster; answers the wire bytes of each second. */
  function capped(bytesPerSecond: number, seconds: number, lateMs: number) {
    const pace = new LinePace();
    pace.throttle(bytesPerSecond, 0);
    pace.roundTrip(50, 0);
    pace.laneOpened(1, 0);
    const perSecond: number[] = [];
    const flying: { mark: number; bytes: number; arrivalMs: number }[] = [];
    let count = 0;
    for (let now = 0; now < seconds * 1_000; now += 1) {
      if (now % 1_000 === 0) perSecond.push(-pace.wireBytes);
      const due = flying.filter((one) => one.arrivalMs + 25 <= now);
      if (now % 100 === 0 && due.length > 0) {
        const samples = [{ ...due.at(-1)!, lane: 1, bytes: due.reduce((sum, one) => sum + one.bytes, 0) }];
        flying.splice(0, due.length);
        pace.confirmed({ samples, atMs: now });
      }
      // A timer that always fires late must not cost rate.
      if (count++ % (lateMs + 1) === 0) {
        while (pace.waitMs(now) === 0) {
          const bytes = pace.grainBytes();
          flying.push({ mark: pace.sent(bytes, now), bytes: wireBytesOf(bytes), arrivalMs: now + 25 });
        }
      }
      if (now % 1_000 === 999) perSecond[perSecond.length - 1]! += pace.wireBytes;
    }
    return perSecond;
  }

  test.each([16_000, 62_500, 250_000])('%i bytes/s hold closely in each second and in a minute', (rate) => {
    for (const lateMs of [0, 4]) {
      const perSecond = capped(rate, 70, lateMs).slice(10);
      for (const bytes of perSecond) expect(Math.abs(bytes / rate - 1)).toBeLessThan(0.03);
      const mean = perSecond.reduce((sum, bytes) => sum + bytes, 0) / perSecond.length;
      expect(Math.abs(mean / rate - 1)).toBeLessThan(0.01);
    }
  });

  test('what TCP sends again counts, by our share of what the machine sends', () => {
    const rate = 62_500;
    for (const othersShare of [0, 0.5]) {
      const count = { sentSegments: 0, repeatedSegments: 0 };
      const pace = new LinePace(() => ({ ...count }));
      pace.throttle(rate, 0);
      pace.roundTrip(50, 0);
      pace.laneOpened(1, 0);
      let repeated = 0;
      let before = 0;
      for (let now = 0; now < 60_000; now += 5) {
        if (now === 10_000) before = pace.wireBytes;
        while (pace.waitMs(now) === 0) {
          const messageBytes = pace.grainBytes();
          const mark = pace.sent(messageBytes, now);
          const bytes = wireBytesOf(messageBytes);
          pace.confirmed({ samples: [{ lane: 1, mark, bytes, arrivalMs: now }], atMs: now });
          // Each twentieth is lost, and as often what the others sent.
          count.sentSegments += 2 / (1 - othersShare);
          count.repeatedSegments += 0.05 / (1 - othersShare);
          if (now >= 10_000) repeated += 0.05 * bytes;
        }
      }
      const counted = pace.wireBytes - before;
      expect(Math.abs(counted / (50 * rate) - 1)).toBeLessThan(0.01);
      expect(repeated / counted).toBeGreaterThan(0.04);
      // Headers of acknowledgements are the small rest: without repetitions counted, all of it were 4 % more than the cap.
      expect(pace.wireBytes).toBeLessThan(61 * rate);
    }
  });

  test('a machine that wakes late makes up for what it missed; a line that had nothing to send does not', () => {
    const rate = 62_500;
    const pace = new LinePace();
    pace.throttle(rate, 0);
    pace.roundTrip(50, 0);
    pace.laneOpened(1, 0);
    const send = (now: number) => {
      let bytes = 0;
      while (pace.waitMs(now) === 0) {
        const messageBytes = pace.grainBytes();
        const mark = pace.sent(messageBytes, now);
        const sent = wireBytesOf(messageBytes);
        pace.confirmed({ samples: [{ lane: 1, mark, bytes: sent, arrivalMs: now }], atMs: now });
        bytes += sent;
      }
      return bytes;
    };
    let now = 0;
    for (; now < 10_000; now += 5) send(now);
    const before = pace.wireBytes;
    for (now += 200; now < 13_000; now += 5) send(now);
    expect(Math.abs((pace.wireBytes - before) / (3 * rate) - 1)).toBeLessThan(0.02);
    expect(send(now + 60_000)).toBeLessThan(0.07 * rate);
  });

  test('below a cap of more than a segment a grain, records fill whole segments', () => {
    const pace = new LinePace();
    pace.throttle(62_500, 0);
    expect(wireBytesOf(pace.grainBytes() + 8)).toBeLessThanOrEqual(1_500);
    pace.throttle(16_000, 0);
    expect(pace.grainBytes()).toBe(512);
  });

  test('a message costs its TLS record and the headers of its segments', () => {
    expect(wireBytesOf(1)).toBe(1 + 22 + 52);
    expect(wireBytesOf(1_426)).toBe(1_448 + 52);
    expect(wireBytesOf(1_427)).toBe(1_449 + 104);
  });

  test('lifting the cap gives the line back at once, setting it anew is obeyed at once', () => {
    const pace = new LinePace();
    pace.throttle(1_000, 0);
    pace.sent(5_000, 0);
    expect(pace.waitMs(1)).toBeGreaterThan(5_000);
    pace.throttle(null, 1);
    expect(pace.waitMs(1)).toBe(0);
    expect(pace.describe()).toMatchObject({ state: 'train', capBytesPerSecond: null });
    pace.throttle(2_000, 1);
    pace.sent(1_000, 1);
    expect(pace.waitMs(1)).toBeGreaterThan(400);
  });
});
