// Times, spans and sizes as people read them; the same everywhere on the page. Times are shown in UTC, as logs are.

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** 14:04:40.123 */
export function timeOfDay(at: number): string {
  return isTime(at) ? new Date(at).toISOString().slice(11, 23) : '–';
}

/** 2026-11-20 14:04:40.123 UTC */
export function dayAndTime(at: number): string {
  return isTime(at) ? `${new Date(at).toISOString().slice(0, 10)} ${timeOfDay(at)} UTC` : '–';
}

/** Two units at most: `340 ms`, `18 s`, `2 min 5 s`, `3 h 20 min`, `4 d`. */
export function span(ms: number): string {
  const length = Math.abs(ms);
  if (length < secondMs) return `${Math.round(length)} ms`;
  if (length < 10 * secondMs) return `${(Math.floor(length / 100) / 10).toFixed(1)} s`;
  if (length < minuteMs) return `${Math.floor(length / secondMs)} s`;
  if (length < hourMs) return two(length, minuteMs, 'min', secondMs, 's');
  if (length < dayMs) return two(length, hourMs, 'h', minuteMs, 'min');
  return two(length, dayMs, 'd', hourMs, 'h');
}

/** How long ago, or how far ahead. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  if (Math.abs(ms) < secondMs) return 'now';
  return ms >= 0 ? `${span(ms)} ago` : `in ${span(ms)}`;
}

/** A count with thin spaces between thousands. */
export function count(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** One or many: `1 record`, `2 records`. */
export function plural(number: number, one: string): string {
  return `${count(number)} ${one}${number === 1 ? '' : 's'}`;
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  return rest === 0 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`;
}

/** Beyond this a Date has no text. */
const timeMaxMs = 8.64e15;
function isTime(at: number): boolean {
  return Number.isFinite(at) && Math.abs(at) <= timeMaxMs;
}
