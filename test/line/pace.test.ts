import { describe, expect, test } from 'vitest';
import { lineLimits } from '../../agent/line/limits.ts';
import { Pace } from '../../agent/line/pace.ts';
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

describe('window and pace', () => {
  /** A line of one rate and one round trip with a queue; answers the pace after so many seconds of full sending. */
  function drive(bytesPerSecond: number, rttMs: number, seconds: number) {
    const pace = new Pace(lineLimits);
    let now = 0;
    let sent = 0;
    let confirmed = 0;
    let busyUntil = 0;
    let worstQueueMs = 0;
    const flying: { bytes: number; arrives: number; sentAt: number }[] = [];
    let full = false;
    let lastAckAt = 0;
    let arrivedSince: typeof flying = [];
    for (; now < seconds * 1_000; now += 5) {
      for (;;) {
        full ||= sent - confirmed >= pace.windowBytes();
        if (sent - confirmed >= pace.windowBytes() || pace.waitMs(now) > 0) break;
        const bytes = pace.sliceBytes();
        busyUntil = Math.max(busyUntil, now) + (bytes * 1_000) / bytesPerSecond;
        if (now > 10_000) worstQueueMs = Math.max(worstQueueMs, busyUntil - now);
        flying.push({ bytes, arrives: busyUntil + rttMs / 2, sentAt: now });
        sent += bytes;
        pace.spent(bytes, now);
      }
      while (flying[0] && flying[0].arrives <= now) arrivedSince.push(flying.shift()!);
      if (arrivedSince.length === 0 || now - lastAckAt < 100) continue;
      lastAckAt = now;
      const newest = arrivedSince.at(-1)!;
      const bytes = arrivedSince.reduce((sum, one) => sum + one.bytes, 0);
      arrivedSince = [];
      confirmed += bytes;
      const delay = newest.arrives - newest.sentAt + rttMs / 2;
      pace.acknowledged({ bytes, arrivalMs: newest.arrives, rttMs: delay, wasFull: full }, now + rttMs / 2);
      full = false;
    }
    return { pace, confirmed, worstQueueMs };
  }

  test('a satellite line is filled from a small start, and its queue stays below 200 ms', () => {
    const { confirmed, worstQueueMs, pace } = drive(250_000, 600, 40);
    expect(confirmed).toBeGreaterThan(250_000 * 40 * 0.85);
    expect(worstQueueMs).toBeLessThan(250);
    expect(pace.windowBytes()).toBeLessThan(250_000 * 1.2);
  });

  test('a slow line gets small slices and a fast one large ones, between 1 KiB and 64 KiB', () => {
    expect(drive(16_000, 600, 20).pace.sliceBytes()).toBe(1_024);
    const medium = drive(250_000, 600, 20).pace.sliceBytes();
    expect(medium).toBeGreaterThan(4_000);
    expect(medium).toBeLessThan(8_000);
    expect(drive(50_000_000, 2, 5).pace.sliceBytes()).toBe(65_536);
  });

  test('a fast line is not paced and may have 8 MiB on its way, no more', () => {
    const { pace } = drive(200_000_000, 40, 10);
    expect(pace.isPaced).toBe(false);
    expect(pace.windowBytes()).toBe(lineLimits.windowMaxBytes);
  });
});
