import { describe, expect, it } from 'vitest';
import { moneyText, rateText, sizeOfText, sizeText } from '../../../inspector/queue/amounts.ts';
import { factsOf } from '../../../inspector/queue/facts.ts';
import { fullText, leftText, lengthText, momentText, untilClock } from '../../../inspector/queue/times.ts';

const noonMs = Date.UTC(2026, 10, 20, 12, 0, 0);
const utc = { nowMs: noonMs, zone: 'UTC' };
const minuteMs = 60_000;
const hourMs = 3_600_000;

describe('amounts', () => {
  it('are decimal and carry no more digits than mean something', () => {
    expect([0, 999, 1_000, 3_400_000, 214_000_000, 999_600_000, 5e12].map(sizeText)).toEqual([
      ...['0 B', '999 B', '1.0 kB', '3.4 MB', '214 MB', '1.0 GB', '5.0 TB'],
    ]);
    expect(sizeOfText(2_100_000, 3_400_000)).toBe('2.1 of 3.4 MB');
    expect(sizeOfText(12_000_000, 190_000_000)).toBe('12 of 190 MB');
  });

  it('tell rates as links are sold, and money with its currency', () => {
    expect([38_750, 1_250_000, 90].map(rateText)).toEqual(['310 kbit/s', '10 Mbit/s', '720 bit/s']);
    expect(moneyText(25_000_000, 'USD')).toBe('$25.00');
    expect(moneyText(25_000_000, 'not a currency')).toBe('25.00 not a currency');
  });
});

describe('time left', () => {
  it('is a range, never a countdown', () => {
    const texts = [
      [{ low: 1_000, high: 8_000 }, 'a few seconds left'],
      [{ low: 21_000, high: 39_000 }, '20–40 s left'],
      [{ low: 2 * minuteMs, high: 4 * minuteMs }, 'about 2–4 min left'],
      [{ low: 10_000, high: 4 * minuteMs }, 'less than 4 min left'],
      [{ low: 3 * hourMs, high: 5 * hourMs }, 'about 3–5 h left'],
      [{ low: 3 * hourMs + 20 * minuteMs, high: 9 * hourMs + 20 * minuteMs }, 'done 18:20 ± 3 h'],
      [{ low: 50 * hourMs, high: 60 * hourMs }, 'done Sun 19:00 ± 5 h'],
    ] as const;
    for (const [left, text] of texts) expect(leftText(left, utc)).toBe(text);
  });

  it('is told the same when the daemon mixes up its ends', () => {
    expect(leftText({ low: 4 * minuteMs, high: 2 * minuteMs }, utc)).toBe('about 2–4 min left');
  });
});

describe('moments', () => {
  it('are told by the ship’s clock, with the day when it is another one', () => {
    expect(momentText(noonMs, { nowMs: noonMs, zone: 'Pacific/Auckland' })).toBe('01:00');
    expect(momentText(noonMs + 30 * hourMs, utc)).toBe('Sat 18:00');
    expect(momentText(noonMs - 10 * 24 * hourMs, utc)).toBe('10 Nov 12:00');
  });

  it('carry UTC beside ship’s time where they may be evidence, with its day when that differs', () => {
    expect(fullText(noonMs, 'Pacific/Auckland')).toBe('Sat 21 Nov 2026, 01:00:00 (20/11 12:00:00 UTC)');
    expect(fullText(noonMs, 'UTC')).toBe('Fri 20 Nov 2026, 12:00:00 (12:00:00 UTC)');
  });

  it('are told even when the ship’s zone is unknown to this browser', () => {
    expect(momentText(noonMs, { nowMs: noonMs, zone: 'Sea/Nowhere' })).toMatch(/^\d\d:\d\d$/);
  });

  it('as "until" mean the next time the ship’s clock shows it', () => {
    expect(untilClock('18:00', utc)).toBe(6 * hourMs);
    expect(untilClock('12:00', utc)).toBe(24 * hourMs);
    expect(untilClock('09:30', utc)).toBe(21.5 * hourMs);
    for (const text of ['', '25:00', '9', '12:60', 'noon']) expect(untilClock(text, utc)).toBeUndefined();
  });

  it('have lengths in at most two units', () => {
    expect([41_000, 12 * minuteMs, 3 * hourMs + 20 * minuteMs, 52 * hourMs].map(lengthText)).toEqual([
      ...['41 s', '12 min', '3 h 20 min', '2 d 4 h'],
    ]);
  });
});

describe('facts', () => {
  it('become words, moments and sizes, by the names of their fields', () => {
    const facts = factsOf(
      { bytesDurable: 3_400_000, attempts: 2, hold: { why: 'turn', ahead: 3 }, lastError: { atMs: noonMs } },
      'UTC',
    );
    expect(facts).toEqual([
      { name: 'bytes durable', text: '3.4 MB' },
      { name: 'attempts', text: '2' },
      { name: 'hold: why', text: 'turn' },
      { name: 'hold: ahead', text: '3' },
      { name: 'last error: at', text: 'Fri 20 Nov 2026, 12:00:00 (12:00:00 UTC)' },
    ]);
  });

  it('stay bounded, whatever the daemon sends', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 'x'.repeat(9_000)]));
    const facts = factsOf(many, 'UTC');
    expect(facts.length).toBeLessThanOrEqual(24);
    expect(facts.every(({ text }) => text.length <= 401)).toBe(true);
  });
});
