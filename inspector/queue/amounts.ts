// Sizes, rates, money and counts in words: decimal units, as few digits as say it. Pure.

const sizeUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** 214000000 → "214 MB"; three significant digits at most, and never a false one. */
export function sizeText(bytes: number): string {
  const { value, unit } = scaled(bytes);
  return `${value} ${unit}`;
}

/** "2.1 of 3.4 MB": one unit when both fit it. */
export function sizeOfText(doneBytes: number, allBytes: number): string {
  const { unit, factor } = scaled(allBytes);
  return `${digits(Math.min(doneBytes, allBytes) / factor, unit)} of ${digits(allBytes / factor, unit)} ${unit}`;
}

function scaled(bytes: number): { value: string; unit: string; factor: number } {
  let step = 0;
  let factor = 1;
  while (step < sizeUnits.length - 1 && bytes / factor >= 999.5) {
    step++;
    factor *= 1_000;
  }
  const unit = sizeUnits[step]!;
  return { value: digits(bytes / factor, unit), unit, factor };
}

function digits(value: number, unit: string): string {
  if (unit === 'B') return String(Math.round(value));
  if (value === 0) return '0';
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}

const rateUnits = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'] as const;

/** 38750 bytes a second → "310 kbit/s": how links are sold. */
export function rateText(bytesPerSecond: number): string {
  let value = bytesPerSecond * 8;
  let step = 0;
  while (step < rateUnits.length - 1 && value >= 999.5) {
    value /= 1_000;
    step++;
  }
  return `${value < 9.95 && step > 0 ? value.toFixed(1) : Math.round(value)} ${rateUnits[step]}`;
}

/** Millionths of a currency's unit → "$25.00". Unknown currencies keep their letters. */
export function moneyText(micros: number, currency: string): string {
  const value = micros / 1_000_000;
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).format(value);
  } catch {
    return `${value.toFixed(2)} ${currency}`.trim();
  }
}

/** 99800 → "99,800". */
export const countText = (count: number): string => count.toLocaleString('en');

/** (1, "document") → "1 document"; (2, …) → "2 documents". */
export const countOf = (count: number, thing: string): string =>
  `${countText(count)} ${thing}${count === 1 ? '' : 's'}`;

export const percentText = (percent: number): string =>
  `${percent < 9.95 && percent % 1 !== 0 ? percent.toFixed(1) : Math.floor(percent)} %`;
