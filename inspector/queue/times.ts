// Moments and lengths of time in words, by the ship's clock. A time left is a range, never a countdown of seconds that
// nobody can know. Pure: now and the ship's time zone come in.
import type { Range } from './upload.ts';

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** From here on a moment says more than a length. */
const momentFromMs = 6 * hourMs;

export interface ShipTime {
  readonly nowMs: number;
  /** IANA name; undefined: this screen's. */
  readonly zone: string | undefined;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(
  zone: string | undefined,
  key: string,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const name = `${zone ?? ''} ${key}`;
  let made = formats.get(name);
  if (!made) {
    const all = { ...options, hourCycle: 'h23' as const };
    try {
      made = new Intl.DateTimeFormat('en-GB', zone === undefined ? all : { ...all, timeZone: zone });
    } catch {
      made = new Intl.DateTimeFormat('en-GB', all);
    }
    formats.set(name, made);
  }
  return made;
}

const clockOf = (ms: number, zone: string | undefined) =>
  format(zone, 'clock', { hour: '2-digit', minute: '2-digit' }).format(ms);
const dayOf = (ms: number, zone: string | undefined) =>
  format(zone, 'day', { year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms);

/** The ship's day a moment lies in, as a key. */
export const dayText = (ms: number, { zone }: ShipTime): string => dayOf(ms, zone);

/** "14:02" today, "Thu 14:02" within a week, "12 Nov 14:02" else. */
export function momentText(ms: number, { nowMs, zone }: ShipTime): string {
  const clock = clockOf(ms, zone);
  if (dayOf(ms, zone) === dayOf(nowMs, zone)) return clock;
  const near = Math.abs(ms - nowMs) < 6 * dayMs;
  const day = near
    ? format(zone, 'weekday', { weekday: 'short' }).format(ms)
    : format(zone, 'date', { day: 'numeric', month: 'short' }).format(ms);
  return `${day} ${clock}`;
}

/** "14:02:11". */
export const clockText = (ms: number, { zone }: ShipTime): string =>
  format(zone, 'seconds', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms);

/** "Fri 20 Nov 2026, 15:02:11 (14:02:11 UTC)": for what may be evidence one day. */
export function fullText(ms: number, zone: string | undefined): string {
  const day = format(zone, 'long', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  const ship = clockText(ms, { nowMs: ms, zone });
  const utc = clockText(ms, { nowMs: ms, zone: 'UTC' });
  const utcDay = dayOf(ms, zone) === dayOf(ms, 'UTC') ? '' : `${dayOf(ms, 'UTC').slice(0, 5)} `;
  return `${day.format(ms).replace(/,/g, '')}, ${ship} (${utcDay}${utc} UTC)`;
}

/** "41 s", "12 min", "3 h 20 min", "2 d 4 h". */
export function lengthText(ms: number): string {
  if (ms < minuteMs) return `${Math.max(0, Math.round(ms / secondMs))} s`;
  if (ms < hourMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < dayMs) return twoUnits(ms, hourMs, 'h', minuteMs, 'min');
  return twoUnits(ms, dayMs, 'd', hourMs, 'h');
}

function twoUnits(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const smalls = Math.round(ms / small);
  const perBig = big / small;
  const rest = smalls % perBig;
  return `${Math.floor(smalls / perBig)} ${bigName}${rest ? ` ${rest} ${smallName}` : ''}`;
}

/** Time left: "a few seconds", "20–40 s", "about 2–4 min", "3–5 h", "Thu 18:20 ± 3 h". */
export function leftText(left: Range, now: ShipTime): string {
  const { low, high } = left.high < left.low ? { low: left.high, high: left.low } : left;
  if (high < 10 * secondMs) return 'a few seconds left';
  if (high < 90 * secondMs) return span(step(low, 5 * secondMs), step(high, 5 * secondMs), secondMs, 's', '');
  if (high < 90 * minuteMs) return span(low, high, minuteMs, 'min', 'about ');
  if ((low + high) / 2 < momentFromMs) return span(low, high, hourMs, 'h', 'about ');
  const middle = now.nowMs + (low + high) / 2;
  return `done ${momentText(step(middle, 10 * minuteMs), now)} ± ${lengthText(coarse((high - low) / 2))}`;
}

function span(low: number, high: number, unit: number, name: string, about: string): string {
  const [from, to] = [Math.max(0, Math.floor(low / unit)), Math.max(1, Math.ceil(high / unit))];
  if (from === 0) return `less than ${to} ${name} left`;
  return `${about}${from === to ? from : `${from}–${to}`} ${name} left`;
}

const step = (ms: number, unit: number) => Math.round(ms / unit) * unit;

/** A spread needs one digit, not a false precision. */
function coarse(ms: number): number {
  if (ms < hourMs) return Math.max(10 * minuteMs, step(ms, 10 * minuteMs));
  return ms < dayMs ? step(ms, hourMs) : step(ms, dayMs);
}

/** "until 18:00" → how long from now; the next time the ship's clock shows it. Undefined: no time of day. */
export function untilClock(text: string, { nowMs, zone }: ShipTime): number | undefined {
  const found = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  const [hours, minutes] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || hours > 23 || minutes > 59) return undefined;
  const [h, m] = clockOf(nowMs, zone).split(':').map(Number);
  const wait = (hours * 60 + minutes - (h! * 60 + m!)) * minuteMs - (nowMs % minuteMs);
  return wait > 0 ? wait : wait + dayMs;
}
