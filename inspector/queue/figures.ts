// Sums over the documents the page holds, for the cards, where the daemon does not tell them itself. Pure.
import { groupOf } from './order.ts';
import type { Rows } from './rows.ts';
import { dayText, type ShipTime } from './times.ts';

/** What is on its way: documents without a receipt, and their bytes that are not durable ashore yet. */
export function leftOf(rows: Rows): { readonly documents: number; readonly bytes: number } {
  let documents = 0;
  let bytes = 0;
  for (const row of rows.byId.values()) {
    if (groupOf(row) !== 'line') continue;
    documents++;
    bytes += Math.max(0, (row.sizeBytes ?? 0) - row.sentBytes);
  }
  return { documents, bytes };
}

/** Documents stored on the ship's present day, and the last of them. */
export function deliveredOn(
  rows: Rows,
  time: ShipTime,
): { readonly count: number; readonly last: { readonly name: string; readonly atMs: number } | null } {
  const today = dayText(time.nowMs, time);
  let count = 0;
  let last: { name: string; atMs: number } | null = null;
  for (const { stored, name } of rows.byId.values()) {
    if (!stored || dayText(stored.storedMs, time) !== today) continue;
    count++;
    if (!last || stored.storedMs > last.atMs) last = { name, atMs: stored.storedMs };
  }
  return { count, last };
}
