// The meter's bytes as money: spent, and what the same documents had cost sent naively: anew from the first byte after
// each break, everything twice that was there already, nothing compressed. Without a price it tells bytes alone.
import type { JsonObject } from '../../machines/json.ts';
import { costMicros, type Price } from '../config/price.ts';
import type { MonthSums } from './meter.ts';

export function costsJson(
  months: ReadonlyMap<string, MonthSums>,
  total: MonthSums,
  price: Price | null,
): JsonObject {
  return {
    currency: price?.currency ?? null,
    pricePerGbMicros: price?.microsPerGb ?? null,
    total: sumsJson(total, price),
    months: [...months].map(([month, sums]) => ({ month, ...sumsJson(sums, price) })),
  };
}

/** Bytes, and money where there is a price, in millionths of the currency's unit. */
export function sumsJson(sums: MonthSums, price: Price | null): JsonObject {
  const savedBytes = sums.resumedBytes + sums.dedupedBytes + sums.compressedAwayBytes;
  const spentMicros = price === null ? null : costMicros(sums.wireBytes, price);
  const naiveMicros = price === null ? null : costMicros(sums.wireBytes + savedBytes, price);
  return {
    wireBytes: sums.wireBytes,
    naiveBytes: sums.wireBytes + savedBytes,
    savedBytes: {
      resumed: sums.resumedBytes,
      deduped: sums.dedupedBytes,
      compressed: sums.compressedAwayBytes,
      total: savedBytes,
    },
    documentsStored: sums.documentsStored,
    spentMicros,
    naiveMicros,
    savedMicros: spentMicros === null || naiveMicros === null ? null : naiveMicros - spentMicros,
  };
}
