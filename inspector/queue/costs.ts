// Bytes and money as `GET /v1/costs` tells them; without a configured price there is no money to speak of.
import { fieldsOf, listOf, numberOf, textOf } from './upload.ts';

export interface Sums {
  /** On the line, headers included. */
  readonly wireBytes: number;
  readonly saved: { readonly resumed: number; readonly deduped: number; readonly compressed: number };
  /** Millionths; null where no price is configured. */
  readonly spentMicros: number | null;
  readonly savedMicros: number | null;
}

export interface Costs {
  /** '' when no price is configured. */
  readonly currency: string;
  readonly total: Sums;
  readonly month: Sums;
}

/** `month`: the one we are in, "2026-11"; one in which nothing moved yet is all zeros. */
export function readCosts(value: unknown, month: string): Costs {
  const json = fieldsOf(value);
  const currency = textOf(json.currency);
  const now = listOf(json.months).find((one) => fieldsOf(one).month === month);
  return { currency, total: readSums(json.total, currency), month: readSums(now, currency) };
}

function readSums(value: unknown, currency: string): Sums {
  const sums = fieldsOf(value);
  const saved = fieldsOf(sums.savedBytes);
  const money = (micros: unknown) => (currency === '' ? null : (numberOf(micros) ?? 0));
  return {
    wireBytes: numberOf(sums.wireBytes) ?? 0,
    saved: {
      resumed: numberOf(saved.resumed) ?? 0,
      deduped: numberOf(saved.deduped) ?? 0,
      compressed: numberOf(saved.compressed) ?? 0,
    },
    spentMicros: money(sums.spentMicros),
    savedMicros: money(sums.savedMicros),
  };
}
