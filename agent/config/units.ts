// Numbers that carry their unit: "30s", "64MiB", "500KB/s". A bare 30 is refused, because nobody remembers whether it
// meant seconds or milliseconds. Called by the settings table (settings.ts) and by flags such as `tender wait --max`.

const durations = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const;

const sizes = {
  B: 1,
  KB: 1000,
  KiB: 1024,
  MB: 1_000_000,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
  TB: 1_000_000_000_000,
} as const;

/** What a reader of text answers: the value, or what was wrong with the text, for people. */
export type Read<T> = { readonly value: T } | { readonly wrong: string };

function quantity(text: string, units: Readonly<Record<string, number>>, example: string): Read<number> {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]+)$/.exec(text.trim());
  const factor = match?.[2] === undefined || !Object.hasOwn(units, match[2]) ? undefined : units[match[2]];
  if (!match || factor === undefined)
    return {
      wrong: `needs a number and one of the units ${Object.keys(units).join(', ')}, such as "${example}"`,
    };
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? { value } : { wrong: `is too large: write less than "${text}"` };
}

/** "1.5h" → 5,400,000 milliseconds. */
export function readDuration(text: string): Read<number> {
  return quantity(text, durations, '30s');
}

/** "64MiB" → 67,108,864 bytes. */
export function readSize(text: string): Read<number> {
  return quantity(text, sizes, '64MiB');
}

/** What links are sold in; bytes per second. */
const bitRates = { kbit: 125, Mbit: 125_000, Gbit: 125_000_000 } as const;

/** "500KB/s" → 500,000 bytes per second, "500kbit" → 62,500; "none" → 0, which means no ceiling. */
export function readRate(text: string): Read<number> {
  if (text.trim() === 'none') return { value: 0 };
  const match = /^(.*?)(bit)?(\/s)?$/.exec(text.trim());
  if (!match || (!match[2] && !match[3]))
    return { wrong: 'needs a rate such as "500KB/s" or "4Mbit", or "none"' };
  const rate = match[2] ? quantity(`${match[1]}bit`, bitRates, '500kbit') : readSize(match[1]!);
  return 'value' in rate && rate.value < 1 ? { wrong: 'must be above zero, or "none"' } : rate;
}

/** The largest unit that says it exactly: 90,000 → "90s", 5,400,000 → "90m". */
function exactly(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, factor]) => value % factor === 0 && value >= factor);
  const [unit, factor] = fitting.sort((a, b) => b[1] - a[1])[0] ?? Object.entries(units)[0]!;
  return `${value / factor}${unit}`;
}

/** The inverse of readDuration, as a person would write it. */
export function durationText(valueMs: number): string {
  return exactly(valueMs, durations);
}

/** The inverse of readSize. */
export function sizeText(valueBytes: number): string {
  return exactly(valueBytes, sizes);
}

/** A limit in our own table that cannot be read is a programmer's error: it stops the program at once. */
export function failureText(limit: string, wrong: string): never {
  throw new Error(`the settings table holds "${limit}", which ${wrong}`);
}
