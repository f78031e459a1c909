// What a gigabyte on the line costs, as people write it: "50USD", "7.90EUR", "none". Money is whole millionths of a unit:
// binary fractions would make an invoice that is off by a cent. Read by settings.ts, used by the meter.
import type { Read } from './units.ts';

/** Millionths of the currency's unit per 1,000,000,000 bytes. */
export interface Price {
  readonly currency: string;
  readonly microsPerGb: number;
}

export const microsPerUnit = 1_000_000;
const bytesPerGb = 1_000_000_000n;
const unitsMax = 1_000_000;

/** "50USD" → 50,000,000 micro-dollars per GB; "none" → null. */
export function readPrice(text: string): Read<Price | null> {
  if (text.trim() === 'none') return { value: null };
  const match = /^(\d{1,7})(?:\.(\d{1,6}))? ?([A-Z]{3})$/.exec(text.trim());
  if (!match)
    return { wrong: 'needs a price with its currency in three capitals, such as "50USD", or "none"' };
  const [, units = '', fraction = '', currency = ''] = match;
  const microsPerGb = Number(units) * microsPerUnit + Number(fraction.padEnd(6, '0'));
  if (microsPerGb === 0 || microsPerGb > unitsMax * microsPerUnit)
    return { wrong: `must be above zero and at most ${unitsMax}` };
  return { value: { currency, microsPerGb } };
}

/** Rounded to the nearest millionth. */
export function costMicros(bytes: number, { microsPerGb }: Price): number {
  return Number((BigInt(Math.round(bytes)) * BigInt(microsPerGb) + bytesPerGb / 2n) / bytesPerGb);
}

/** For people: 47500000 → "47.50 USD"; less than a cent is told to the millionth. */
export function moneyText(micros: number, currency: string): string {
  const sign = micros < 0 ? '-' : '';
  const size = Math.abs(micros);
  const cents = Math.round(size / 10_000);
  if (cents === 0 && size > 0) return `${sign}${(size / microsPerUnit).toFixed(6)} ${currency}`;
  return `${sign}${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')} ${currency}`;
}
